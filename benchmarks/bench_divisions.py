"""The whole country: its list imported twice, then places searched for.

The list is made up, in the numbers and proportions of the real one: 665,276 rows, words like 村委会 in hundreds
of thousands of names, and whole provinces that say 村民委员会 instead. It goes into a database of its own, so
that the other measurements do not meet 620,000 communities more.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import milliseconds, report, timed

ROOT = Path(__file__).parents[1]
DATABASE = "bench_divisions"
SECONDS, GIBIBYTE, FIRST_HITS = 150.0, 1 << 30, 0.150

PROVINCES, CITIES, COUNTIES, TOWNSHIPS, VILLAGES = 31, 342, 2_978, 41_352, 620_573
SIGNS = "东西南北中上下大小新和平安乐福兴华建设红星光明胜利石桥柳林王张李河湖江海山水田园龙凤云望京朝阳金玉泉松梅竹"
ENDINGS = {  # of villages, with their weight; odd provinces say it the long way
    0: [("村委会", 60), ("社区居委会", 18), ("村", 6), ("社区", 5), ("居委会", 2), ("生活区", 1)],
    1: [("村民委员会", 60), ("社区居民委员会", 18), ("社区居委会", 6), ("嘎查", 1), ("社区", 2)],
}
TERMS = [
    "望京",
    "新华社区",
    "石桥村委会",
    "村委会",
    "村民委员会",
    "村民",
    "委员会",
    "居委会",
    "社区",
    "社区居委会",
    "街道",
    "镇",
    "村",
    "区",
    "县",
    "委",
    "会",
    "新",
    "大",
    "嘎查",
    "生活区",
    "无此地名",
    "望社",
    "1",
    "4",
    "11",
    "2201",
    "999",
    "w",
    "x",
    "wj",
    "wjc",
    "zzz",
]


def main() -> None:
    """Make the database, measure in a process of its own, drop the database."""
    from django.db import connection  # noqa: PLC0415 - settings are read when the harness has set them

    address = connection.get_connection_params()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    url = os.environ["DATABASE_URL"]
    environment = os.environ | {"DATABASE_URL": url.removesuffix(address["dbname"]) + DATABASE}
    try:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_divisions"], cwd=ROOT, env=environment, check=True
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")


def measure() -> None:
    import django  # noqa: PLC0415 - as above

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "country.csv"
        rows = write_list(path)
        measure_import(path, rows)
    measure_search()


# ---------------------------------------------------------------- import


def measure_import(path: Path, rows: int) -> None:
    floor = copy_alone(path)
    first, memory = imported(path)
    figure = f"{first:.0f} s (floor {floor:.1f} s)"
    report(
        "I1",
        f"import of {rows:,} rows; floor: COPY of the list",
        figure,
        f"at most {SECONDS:.0f} s",
        met=first <= SECONDS,
    )
    report(
        "I1",
        "peak memory of the command",
        f"{memory / 2**20:.0f} MiB",
        "at most 1 GiB",
        met=memory <= GIBIBYTE,
    )
    second, _memory = imported(path)
    figure = f"{second:.0f} s"
    report("I1", "the same list again", figure, "at most half the first", met=second <= first / 2)


def imported(path: Path) -> tuple[float, int]:
    """Seconds of the command, and the peak memory of its process in bytes."""
    command = [sys.executable, "manage.py", "import_divisions", str(path), "--examples=0"]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def copy_alone(path: Path) -> float:
    from django.db import connection, transaction  # noqa: PLC0415

    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, path.open() as lines:
        cursor.execute("CREATE TABLE bare (code text, name text, level text)")
        cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv, HEADER)", lines)
    seconds = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare")
    return seconds


def write_list(path: Path) -> int:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("code", "name", "level"))
        return sum(1 for row in made_up() if writer.writerow(row))


def made_up() -> Iterator[tuple[str, str, str]]:
    """Provinces, cities, counties, townships and villages in the country's numbers, parents before children."""
    chance = random.Random(2026)  # the same list every time

    def name(least: int = 2) -> str:
        return "".join(chance.choices(SIGNS, k=least + (chance.random() < 0.4)))

    endings = {odd: tuple(zip(*choices, strict=True)) for odd, choices in ENDINGS.items()}
    provinces = [f"{11 + number:02}" for number in range(PROVINCES)]
    cities = spread(provinces, CITIES, 2)
    counties = spread(cities, COUNTIES, 2)
    townships = spread(counties, TOWNSHIPS, 3)
    for level, ending, codes in (
        ("province", ["省"], provinces),
        ("city", ["市"], cities),
        ("county", ["区", "县", "市"], counties),
        ("township", ["镇", "镇", "街道", "乡"], townships),
    ):
        for code in codes:
            yield code.ljust(12, "0"), name() + chance.choice(ending), level
    for code in spread(townships, VILLAGES, 3):
        words, weights = endings[int(code[:2]) % 2]
        yield code, name() + chance.choices(words, weights)[0], "village"


def spread(parents: list[str], count: int, digits: int) -> list[str]:
    """Codes of ``count`` places dealt evenly to their parents."""
    each, more = divmod(count, len(parents))
    return [
        f"{parent}{number:0{digits}}"
        for place, parent in enumerate(parents)
        for number in range(1, each + (place < more) + 1)
    ]


# ---------------------------------------------------------------- search


def measure_search() -> None:
    from communities.models import Division  # noqa: PLC0415
    from communities.querysets import first_hits  # noqa: PLC0415

    places = Division.objects.filter(is_closed=False).defer("search")
    some = list(places.filter(level=5).values_list("pk", flat=True)[:20])
    floor = timed(lambda: places.in_bulk(some), runs=20).median
    for what, scope in scopes(places).items():
        seconds = {
            term: timed(lambda scope=scope, term=term: first_hits(scope, term), runs=5).median
            for term in TERMS
        }
        slowest = max(seconds, key=seconds.__getitem__)
        figure = f"{milliseconds(seconds[slowest])} ({milliseconds(floor)})"
        report(
            "I2",
            f"first 20 hits, {what}, slowest of {len(TERMS)}: {slowest}",
            figure,
            f"at most {milliseconds(FIRST_HITS)}",
            met=seconds[slowest] <= FIRST_HITS,
        )


def scopes(places):  # noqa: ANN001, ANN201
    first, last = places.filter(level=1).earliest("path_now"), places.filter(level=1).latest("path_now")
    return {
        "country": places,
        "first province": places.below(first.path_now),
        "last province": places.below(last.path_now),
        "a city": places.below(places.filter(level=2).latest("path_now").path_now),
        "a county": places.below(places.filter(level=3).earliest("path_now").path_now),
    }


if __name__ == "__main__":
    measure()
