"""What a line of the matrix says, and what follows from it for every role and every object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from communities.base.roles import Action

VIEW, COMPARE, RUN, AUDIT = Action.VIEW, Action.COMPARE, Action.RUN, Action.AUDIT
CLOSE, EDIT, RULE = Action.CLOSE_PERIODS, Action.EDIT_REGISTERS, Action.EDIT_STANDARDS
DECIDE = Action.APPROVE
ACCOUNTS, ROLES = Action.MANAGE_ACCOUNTS, Action.MANAGE_ROLES

OWN, NEAR, FAR, UNKNOWN = "own", "near", "far", "unknown"
RELATIONS = (OWN, NEAR, FAR, UNKNOWN)
NOBODY_IS = "0190a0a0-0000-7000-8000-000000000000"

# Names that show a leak. 甲区 is everybody's own but the stranger's, for whom it is the other way round.
NAMES = {
    OWN: ("甲区", "甲街道", "一社区", "二社区"),
    NEAR: ("外区", "外街道", "外社区"),
    FAR: ("外市", "远外"),
}

OFFICERS = (
    "city_officer",
    "standards_officer",
    "district_officer",
    "street_clerk",
    "community_worker",
    "api_client",
)
BUSINESS = (*OFFICERS, "stranger")
EVERYBODY = (*BUSINESS, "auditor", "platform_administrator", "security_administrator", "nobody")

HOLDS: dict[Action, tuple[str, ...]] = {
    VIEW: BUSINESS,
    COMPARE: BUSINESS,
    RUN: ("city_officer", "standards_officer", "district_officer", "api_client", "stranger"),
    CLOSE: ("standards_officer",),
    RULE: ("standards_officer",),
    DECIDE: ("city_officer", "standards_officer", "district_officer", "street_clerk", "stranger"),
    EDIT: (
        "city_officer",
        "district_officer",
        "street_clerk",
        "community_worker",
        "api_client",
        "stranger",
    ),
    AUDIT: ("auditor",),
    ACCOUNTS: ("platform_administrator",),
    ROLES: ("security_administrator",),
}
# What lies in whose places; the administrators of the cast hold their roles in 甲市.
REACHES = {role: {OWN} for role in OFFICERS} | {
    "city_officer": {OWN, NEAR},
    "stranger": {NEAR},
    "auditor": {OWN, NEAR},
    "platform_administrator": {OWN, NEAR},
    "security_administrator": {OWN, NEAR},
    "nobody": set(),
}


@dataclass(frozen=True)
class Entry:
    """One address.

    ``needs``: one of these actions must be held somewhere; empty: being signed in is enough; ``public``: not even
    that. ``path``: kind of the object in the path. ``ids``: parameter -> kind. ``query``: parameters that are
    always given; ``requires_id``: the address asks for an id too. ``body``: what a POST sends; None: the address
    takes none. ``shared``: its objects belong to no place.
    """

    route: str
    needs: tuple[Action, ...] = ()
    path: str | None = None
    ids: dict[str, str] = field(default_factory=dict)
    query: str = ""
    body: dict[str, Any] | None = None
    posts: tuple[Action, ...] | None = None
    public: bool = False
    is_get: bool = True
    shared: bool = False
    requires_id: bool = False
    # Its objects belong to one user each, who is not among those asked.
    private: bool = False
    # Verbs beyond POST by which an object in the path is written.
    writes: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    def url(self, public_id: str = "") -> str:
        """The address with an object in its path."""
        url = "/" + self.route.replace("<uuid:public_id>", public_id or NOBODY_IS)
        url = url.replace("<slug:code>", "office_compliance")
        return f"{url}?{self.query}" if self.query else url

    def with_id(self, name: str, public_id: str) -> str:
        """The address with an object in a parameter."""
        return f"{self.url()}{'&' if self.query else '?'}{name}={public_id}"

    def holds(self, role: str) -> bool:
        return not self.needs or any(role in HOLDS[action] for action in self.needs)

    def reach(self, role: str) -> set[str]:
        """Whose objects the role may name here: ``compare`` reaches to the end of one's city."""
        if self.shared:
            return {OWN, NEAR, FAR}
        if self.private:
            return set()
        if COMPARE in self.needs and role in BUSINESS:
            return {OWN, NEAR}
        return REACHES[role]

    def expected(self, role: str, relation: str | None) -> tuple[int, ...]:
        """Statuses that are right; ``relation`` None: no object is named."""
        if not self.holds(role):
            return (403,)
        if relation is None and self.requires_id:
            return (400,)
        if relation is None or relation in self.reach(role):
            return self.statuses
        return (404,)

    def forbidden_names(self, role: str) -> tuple[str, ...]:
        """What must not be read here, whatever is asked.

        The frame of every page, the 403 too, names one's own place, or a place asked for that one may compare.
        """
        seen = set(REACHES[role])
        if role in BUSINESS and not self.holds(role) and not self.is_api:
            seen |= {OWN, NEAR}
        elif role in BUSINESS:
            seen |= {NEAR} if role == "stranger" else {OWN}
        if self.holds(role) and not self.shared:
            seen |= self.reach(role)
        return tuple(name for relation, names in NAMES.items() if relation not in seen for name in names)


def api(route: str, *needs: Action, **kwargs: Any) -> Entry:
    return Entry(f"api/v1/{route}", needs, **kwargs)


def register_api(route: str, kind: str, ids: dict[str, str], *, written: Action | None = None) -> list[Entry]:
    """A register's list and detail; where it is written, also the door for many rows."""
    posts: dict[str, Any] = {"body": {}, "posts": (written,)} if written else {}
    writes = ("patch", "delete") if written else ()
    bulk = [api(f"{route}/bulk/", written, is_get=False, **posts)] if written else []
    return [
        api(f"{route}/", VIEW, ids=ids, **posts),
        api(f"{route}/<uuid:public_id>/", VIEW, path=kind, writes=writes),
        *bulk,
    ]


def register_pages(
    route: str, kind: str | None, needs: Action, ids: dict[str, str] | None = None
) -> list[Entry]:
    """A register's list and, where rows have pages, their page."""
    pages = [Entry(f"{route}/", (needs,), ids=ids or {}, body={}, posts=(needs,))]
    if kind is not None:
        pages.append(Entry(f"{route}/<uuid:public_id>/", (needs,), path=kind))
    return pages


def entry_pages(
    route: str,
    kind: str,
    needs: Action = EDIT,
    ids: dict[str, str] | None = None,
    rows: tuple[str, ...] = (),
    *,
    in_bulk: bool = True,
) -> list[Entry]:
    """The pages on which rows of a register are written; a live row is none to bring back.

    ``rows``: the fields that name another row, each with an address that finds those to choose from; ``in_bulk``:
    whether many rows are changed together.
    """
    one, posts = f"{route}/<uuid:public_id>", {"body": {}, "posts": (needs,)}
    return [
        Entry(f"{route}/new/", (needs,), ids={"place": "place"} if ids is None else ids, **posts),
        *(
            [
                Entry(f"{route}/new/draft/", (needs,), **posts),
                Entry(f"{one}/edit/draft/", (needs,), path=kind, **posts),
            ]
            if needs in {EDIT, RULE}
            else []
        ),
        *(
            [
                Entry(f"{route}/bulk/", (needs,), **posts),
                Entry(f"{route}/bulk/draft/", (needs,), **posts),
                Entry(f"{route}/chosen/", (needs,), ids={} if needs == RULE else {"place": "place"}),
            ]
            if needs in {EDIT, RULE} and in_bulk
            else []
        ),
        *row_searches(route, needs, rows),
        Entry(f"{one}/edit/", (needs,), path=kind, **posts),
        Entry(f"{one}/remove/", (needs,), path=kind, **posts),
        Entry(f"{one}/bring-back/", (needs,), path=kind, statuses=(302,), **posts),
    ]


def row_searches(route: str, needs: Action, names: tuple[str, ...]) -> list[Entry]:
    """Asked for what is called 外: whoever is not there finds nothing."""
    return [Entry(f"{route}/rows/{name}/", (needs,), query="q=%E5%A4%96") for name in names]


def acts(
    route: str, kind: str, needs: Action, *, pages: tuple[str, ...], verbs: tuple[str, ...]
) -> list[Entry]:
    """What is done to one row: on a page of its own, or by a button alone."""
    one, posts = f"{route}/<uuid:public_id>", {"body": {}, "posts": (needs,)}
    return [
        *(Entry(f"{one}/{name}/", (needs,), path=kind, **posts) for name in pages),
        *(Entry(f"{one}/{name}/", (needs,), path=kind, is_get=False, **posts) for name in verbs),
    ]
