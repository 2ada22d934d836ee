"""Evidence of the demo: a few drawn pictures, marked as demo in themselves, one of them used under two places."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from communities.actions.evidence import file_evidence
from communities.base.querysets import today
from communities.choices import EvidenceKind
from communities.models import Evidence, Premises, User
from portal.demo.accounts import below, chosen_places
from portal.demo.chance import Dice
from portal.demo.cities import ProvincePlan

SIZE = (480, 360)
NOTE = "演示数据：程序绘制的图片，不是真实照片"
# 演示数据 in 24 x 24 dots each: no font with these characters is at hand everywhere.
SIDE = 24
MARK = (
    (
        "000f001807003ffffc1ffffc05c00c01c00c01fffc207ff07807007c070038fffc08fffc"  # 演
        "00e71c00fffc0efffc0ee71c1ce71c1cfffc1cfffc38386038f8f87bf03c11c01c000008"
    ),
    (
        "0000001ffff01ffff01ffff00000000000000000007ffffe7ffffe7ffffe003c00003c00"  # 示
        "0e3c600e3cf00e3c701e3c383c3c3c3c3c1c783c1c703c1e01fc0801f80001f000000000"
    ),
    (
        "0301003333803b73801b63801323807ffbfe7ffffe0fc7fe1ff7187b7f98732fb8201db8"  # 数
        "060db87ff1f07ff1f01c70f018e0e03fe1f00fc1f807c3bc1fefbe7e5f1e780c0c000800"
    ),
    (
        "1c00001c00001c7ffc1c7ffc1c700c7f700c7f7ffc7f7ffc1c71c01c71c01c71c01d7ffe"  # 据
        "1f7ffe7f71c07c71c05c71c01c6ffe1ceffe1cec0e1cec0e1dcc0e7dcffe7dcffe300c0e"
    ),
)
DRAWN = 5


def store_evidence(plan: ProvincePlan) -> None:
    """Pictures of rooms of the demo's street; the first is filed again for rooms of another community."""
    _district, street, chosen = chosen_places(plan)
    city = next(city for city in plan.cities.values() if street in city.places)
    communities = [chosen, *(each for each in below(city, street) if each is not chosen)]
    places = [each.place.pk for each in communities]
    held = Premises.objects.live().filter(division_now__in=places, lost_on__isnull=True)
    rooms = sorted(held.select_related("division_now"), key=lambda r: (places.index(r.division_now_id), r.pk))
    by = User.objects.get(username="street")
    day = min(plan.timeline.anchor, today())
    for number, room in enumerate(rooms[:DRAWN]):
        photo(room, drawn(number), day - dt.timedelta(days=11 * number + 3), by)
    elsewhere = [room for room in rooms if room.division_now_id != rooms[0].division_now_id]
    for room in elsewhere[-1:]:
        photo(room, drawn(0), day - dt.timedelta(days=1), by)


def photo(room: Premises, content: bytes, day: dt.date, by: User) -> None:
    """Filed for the room it shows."""
    row = Evidence(
        title=f"{room.name}门头照片"[:100],
        kind=EvidenceKind.PHOTO,
        division=room.division_now,
        taken_on=day,
        note=NOTE,
    )
    file_evidence(ContentFile(content), row, name="演示照片.jpg", by=by, thing=room)


def drawn(number: int) -> bytes:
    """A house with windows, another one for each number, and the mark across it."""
    dice = Dice(f"evidence {number}")

    def colour(low: int, high: int) -> tuple[int, int, int]:
        return (dice.randint(low, high), dice.randint(low, high), dice.randint(low, high))

    image = Image.new("RGB", SIZE, colour(190, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 280, 480, 360), fill=colour(90, 140))
    left, top = dice.randint(20, 120), dice.randint(40, 120)
    draw.rectangle((left, top, left + dice.randint(200, 320), 300), fill=colour(60, 180))
    for column in range(4):
        for row in range(2):
            at = (left + 20 + column * 50, top + 20 + row * 60)
            draw.rectangle((*at, at[0] + 30, at[1] + 36), fill=colour(0, 255))
    draw.rectangle((left + 30, 236, left + 80, 300), fill=colour(20, 90))
    draw.rectangle((300, 296, 480, 360), fill="white")
    for place, dots in enumerate(MARK):
        glyph = Image.frombytes("1", (SIDE, SIDE), bytes.fromhex(dots)).resize((40, 40))
        draw.bitmap((308 + place * 42, 308), glyph, fill="black")
    target = BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()
