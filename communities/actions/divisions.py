"""Setting up places. Places change through events and the importer; this is the step both share."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from communities.base.pinyin import initials, sort_key
from communities.base.places import label
from communities.choices import CodeScheme, DivisionKind, Level
from communities.models import Division, DivisionCode, DivisionRecord


@transaction.atomic
def create_division(
    *,
    name: str,
    level: Level,
    kind: DivisionKind | str,
    parent: Division,
    code: str = "",
    since: dt.date | None = None,
    location_class: str = "",
    urban_rural_class: str = "",
) -> Division:
    """Set up one place with its first record and code, valid from ``since`` (None: before our records)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('communities_division', 'id'))")
        (pk,) = cursor.fetchone()
    division = Division.objects.create(
        pk=pk,
        level=level,
        path_now=parent.path_now + label(pk),
        parent_now=parent,
        name_now=name,
        kind_now=kind,
        code_now=code,
        sort_key=sort_key(name),
        initials=initials(name),
    )
    valid = (since, None)
    DivisionRecord.objects.create(
        division=division,
        valid=valid,
        name=name,
        kind=kind,
        parent=parent,
        path=division.path_now,
        location_class=location_class,
        urban_rural_class=urban_rural_class,
    )
    if code:
        DivisionCode.objects.create(
            division=division, scheme=CodeScheme.STATISTICAL, level=level, code=code, valid=valid
        )
    return division
