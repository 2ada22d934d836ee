"""``python -m benchmarks [NAME ...]``: every ``bench_*.py`` beside this file, in one throw-away database."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from benchmarks.harness import throwaway_database, wanted


def main() -> None:
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    with throwaway_database():
        for name in filter(wanted, names):
            print(f"\n{name}", flush=True)
            import_module(f"benchmarks.bench_{name}").main()


if __name__ == "__main__":
    main()
