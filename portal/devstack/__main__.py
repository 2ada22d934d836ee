"""``python -m portal.devstack keep`` is the keeper; ``remove`` deletes this checkout's data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from portal.devstack.keeper import keep, remove
from portal.devstack.places import DevstackError, Places, checkout_places


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two commands; without folders they mean those of this checkout."""
    ours = checkout_places()
    parser = argparse.ArgumentParser(description="PostgreSQL and Valkey of this checkout.")
    parser.add_argument("command", choices=["keep", "remove"])
    parser.add_argument("--home", type=Path, default=ours.home)
    parser.add_argument("--data", type=Path, default=ours.data)
    parser.add_argument("--sockets", type=Path, default=ours.sockets)
    parser.add_argument("--throwaway", action="store_true")
    given = parser.parse_args(arguments)
    places = Places(given.home, given.data, given.sockets, given.throwaway)
    try:
        return {"keep": keep, "remove": remove}[given.command](places)
    except DevstackError as error:
        print(error, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
