"""``python -m benchmarks [NAME ...]``: every ``bench_*.py`` beside this file, in one throw-away database.

``load`` only where it is named: it takes ten minutes and wants a machine of its own.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.harness import throwaway_database, wanted

ONLY_WHEN_NAMED = {"load"}


def main() -> None:
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    with throwaway_database():
        for name in filter(wanted, names):
            if name in ONLY_WHEN_NAMED and name not in sys.argv:
                continue
            print(f"\n{name}", flush=True)
            import_module(f"benchmarks.bench_{name}").main()


if __name__ == "__main__":
    main()
