"""The demo's evidence: few pictures, marked, one of them used under two places."""

from __future__ import annotations

from communities.models import Evidence, EvidenceLink, StoredFile


def test_a_picture_used_under_two_places_shows(demo, db) -> None:
    rows = Evidence.objects.noted()
    assert 3 <= rows.count() <= 8
    assert sorted(row.is_repeated for row in rows)[-2:] == [True, True]
    assert sum(row.is_repeated for row in rows) == 2
    assert StoredFile.objects.count() == rows.count() - 1
    assert EvidenceLink.objects.count() == rows.count()
    assert all("演示数据" in row.note for row in rows)
