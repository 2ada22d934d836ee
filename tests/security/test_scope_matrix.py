"""T1 and T4: every address x role x object x place of the identifier."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from communities.base.paging import encode_position
from tests.lengths import is_proof
from tests.security.cast import Cast
from tests.security.entries import EVERYBODY, FAR, NAMES, NEAR, NOBODY_IS, OWN, RELATIONS, Entry
from tests.security.matrix import ENTRIES, routes

READABLE = [entry for entry in ENTRIES.values() if entry.is_get]
SCOPED = [entry for entry in READABLE if entry.path or entry.ids]


def test_every_address_has_its_line() -> None:
    """A new address fails here until somebody has said who may open it."""
    known, found = set(ENTRIES), set(routes())
    assert found - known == set(), "addresses without a line in tests/security/matrix.py"
    assert known - found == set(), "lines without an address"


def text_of(answer: Any) -> str:
    if answer.streaming:
        content = b"".join(answer.streaming_content)
        if answer.headers["Content-Type"].startswith("image/"):
            return content.decode("latin-1")
        if not content.startswith(b"PK"):
            return content.decode()
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            texts = [book.read(part).decode() for part in book.namelist() if part.endswith("sheet1.xml")]
            return "".join(texts) + book.read("xl/worksheets/sheet3.xml").decode()
    return answer.content.decode()


def check(answer: Any, entry: Entry, role: str, expected: tuple[int, ...], asked: str) -> None:
    """The right status, and nothing in the answer that the role may not read."""
    told = f"{role} GET {asked} -> {answer.status_code}, expected {expected}"
    assert answer.status_code in expected, told
    text = text_of(answer) + str(answer.headers)
    leaks = [name for name in entry.forbidden_names(role) if name in text]
    assert not leaks, f"{told}, reads {leaks}"


def asked_of(entry: Entry, role: str) -> tuple[str, ...]:
    """Whoever may open nothing here is refused the same at any distance: two of them tell, all of them prove."""
    return RELATIONS if entry.holds(role) or is_proof() else (OWN, FAR)


@pytest.mark.at_length
@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry.route or "/")
def test_the_matrix(cast: Cast, entry: Entry) -> None:
    for role in EVERYBODY:
        client = Client()
        client.force_login(cast.world.users[role])
        if entry.path is None:
            check(client.get(entry.url()), entry, role, entry.expected(role, None), entry.url())
        for relation in asked_of(entry, role):
            if entry.path is not None:
                url = entry.url(cast.id_of(entry.path, relation))
                check(client.get(url), entry, role, entry.expected(role, relation), url)
            for name, kind in entry.ids.items():
                url = entry.with_id(name, cast.id_of(kind, relation))
                check(client.get(url), entry, role, entry.expected(role, relation), f"{url} ({relation})")


@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry.route or "/")
def test_strangers_without_account(cast: Cast, entry: Entry) -> None:
    answer = Client().get(entry.url(cast.id_of(entry.path, OWN) if entry.path else ""))
    if entry.public:
        assert answer.status_code in entry.statuses
    elif entry.is_api and entry.route != "api/v1/docs/":
        assert answer.status_code == 401
    else:
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=")


@pytest.mark.parametrize("entry", SCOPED, ids=lambda entry: entry.route or "/")
def test_foreign_and_unknown_read_the_same(cast: Cast, entry: Entry) -> None:
    """No oracle: not in the body, not in the headers."""
    client = Client()
    client.force_login(cast.world.users["district_officer"])

    def told(url: str, public_id: str) -> tuple[int, str]:
        answer = client.get(url)
        lines = text_of(answer).replace(public_id, "").splitlines()
        volatile = ("编号", "csrf", "nonce", "request", "打印时间")
        return answer.status_code, "\n".join(
            line for line in lines if not any(word in line for word in volatile)
        )

    if entry.path is not None and not entry.shared:
        kind = entry.path
        foreign = cast.id_of(kind, FAR)
        assert told(entry.url(foreign), foreign) == told(entry.url(NOBODY_IS), NOBODY_IS)
    for name, kind in entry.ids.items():
        foreign = cast.id_of(kind, FAR)
        assert told(entry.with_id(name, foreign), foreign) == told(entry.with_id(name, NOBODY_IS), NOBODY_IS)


@pytest.mark.at_length
@pytest.mark.parametrize(
    "entry", [e for e in READABLE if e.path and not e.shared], ids=lambda entry: entry.route or "/"
)
def test_odd_spellings_of_an_address(cast: Cast, entry: Entry) -> None:
    client = Client()
    client.force_login(cast.world.users["street_clerk"])
    assert entry.path is not None
    for relation in (NEAR, FAR) if is_proof() else (NEAR,):
        url = entry.url(cast.id_of(entry.path, relation))
        for odd in (
            f"{url}%0a",
            f"{url[:-1]}%0a/",
            url[:-1],
            f"{url}/",
            f"/{url}",
            url.upper(),
            f"{url[:-1]}.json",
            f"{url}?format=json",
            f"{url}.json",
            f"{url};.css",
            url.replace("-", ""),
            f"{url}?as_of=2020-01-01",
        ):
            answer = client.get(odd)
            assert answer.status_code in {301, 302, 400, 403, 404}, f"{odd} -> {answer.status_code}"
            assert not [name for name in NAMES[NEAR] + NAMES[FAR] if name in text_of(answer)], odd


@pytest.mark.parametrize("entry", list(ENTRIES.values()), ids=lambda entry: entry.route or "/")
def test_no_other_verb_does_anything(cast: Cast, entry: Entry) -> None:
    """POST where none is declared, PUT, PATCH, DELETE: refused, for own objects and foreign ones."""
    for role in ("city_officer", "street_clerk", "auditor"):
        client = Client()
        client.force_login(cast.world.users[role])
        for relation in (OWN, FAR):
            url = entry.url(cast.id_of(entry.path, relation) if entry.path else "")
            for verb in ("post", "put", "patch", "delete"):
                if verb == "post" and entry.body is not None:
                    continue
                answer = getattr(client, verb)(url, "{}", content_type="application/json")
                # Without the version that was read nothing is written, and a foreign row is not there at all.
                allowed = {403, 404, 405, *({428} if verb in entry.writes and relation == OWN else ())}
                assert answer.status_code in allowed, f"{role} {verb} {url} -> {answer.status_code}"
                assert not [name for name in NAMES[FAR] if name in text_of(answer)]


@pytest.mark.parametrize(
    "route", ["divisions", "communities", "committees", "premises", "policy-documents", "thresholds"]
)
def test_a_position_from_elsewhere_shows_nothing_more(cast: Cast, route: str) -> None:
    """A cursor is only a position: one taken from another's list opens no foreign row."""
    entry = ENTRIES[f"api/v1/{route}/"]
    client = Client()
    client.force_login(cast.world.users["street_clerk"])
    for key in (1, cast.objects["place"][FAR].pk, 2**62):
        for value in ("", "0", cast.objects["place"][FAR].path_now, "2020-01-01", None):
            for name in ("after", "before"):
                answer = client.get(entry.with_id(name, encode_position(value, key)))
                assert answer.status_code in {200, 400}
                assert not [n for n in entry.forbidden_names("street_clerk") if n in text_of(answer)]


def test_runs_are_started_by_those_who_may(cast: Cast) -> None:
    entry = ENTRIES["api/v1/runs/"]
    for role in EVERYBODY:
        client = Client()
        client.force_login(cast.world.users[role])
        answer = client.post(entry.url(), entry.body, content_type="application/json")
        may = role in {"city_officer", "standards_officer", "district_officer", "api_client", "stranger"}
        assert answer.status_code == (202 if may else 403), role
