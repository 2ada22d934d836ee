"""Who may open what: every address, declared.

A new address without a line here fails ``test_scope_matrix``. A line says which action the address asks for, what
kind of object its path names, and which parameters name objects. From that, and from :data:`HOLDS` and
:data:`REACHES` below (written out, not derived from the code under test), the expected answer follows for every
role and every object: one's own, a foreign one of one's city, one of another city, and one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

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


API: list[Entry] = [
    *register_api("divisions", "place", {"division": "place", "parent": "place"}),
    *register_api("communities", "place", {"division": "place"}),
    *register_api("committees", "committee", {"division": "place"}, written=EDIT),
    *register_api("premises", "room", {"division": "place", "committee": "committee"}, written=EDIT),
    *register_api("household-counts", "household_count", {"division": "place"}, written=EDIT),
    *register_api("nil-statements", "nil_statement", {"division": "place"}, written=EDIT),
    *register_api("exemptions", "exemption", {"division": "place", "committee": "committee"}, written=EDIT),
    *register_api("exemption-requests", "exemption_request", {"division": "place"}, written=EDIT),
    api(
        "exemption-requests/<uuid:public_id>/submit/",
        EDIT,
        path="exemption_request",
        is_get=False,
        body={},
        posts=(EDIT,),
    ),
    api("approvals/", VIEW, ids={"division": "place"}),
    api("approvals/bulk/", VIEW, is_get=False, body={}, posts=(VIEW,)),
    api("approvals/<uuid:public_id>/", VIEW, path="approval"),
    *(
        api(
            f"approvals/<uuid:public_id>/{verb}/", VIEW, path="approval", is_get=False, body={}, posts=(VIEW,)
        )
        for verb in ("decide", "withdraw", "hand-on", "urge")
    ),
    *(
        each
        for name in ("route", "freeze")
        for each in register_api(
            f"approval-{name}s",
            f"approval_{name}",
            {"jurisdiction": "place", "applies_to": "place"},
            written=RULE,
        )
    ),
    *(
        replace(each, private=True)
        for each in register_api("approval-delegations", "delegation", {}, written=DECIDE)
    ),
    *(
        replace(each, shared=True)
        for each in register_api("holiday-schedules", "holiday_schedule", {}, written=RULE)
    ),
    *(
        each
        for each in register_api("evidence", "evidence", {"division": "place"}, written=EDIT)
        if "bulk" not in each.route
    ),
    api("evidence/<uuid:public_id>/file/", VIEW, path="evidence"),
    api("evidence/<uuid:public_id>/thumbnail/", VIEW, path="evidence"),
    *(
        api(f"evidence/<uuid:public_id>/{verb}/", EDIT, path="evidence", is_get=False, body={}, posts=(EDIT,))
        for verb in ("link", "unlink")
    ),
    *register_api(
        "policy-documents", "document", {"jurisdiction": "place", "applies_to": "place"}, written=RULE
    ),
    *register_api(
        "thresholds",
        "threshold",
        {"jurisdiction": "place", "applies_to": "place", "document": "document"},
        written=RULE,
    ),
    api("indicators/", COMPARE, shared=True),
    api("indicators/<slug:code>/", COMPARE, shared=True),
    api("indicator-values/", COMPARE, ids={"division": "place", "parent": "place"}),
    api(
        "indicator-values/rows/",
        VIEW,
        ids={"division": "place"},
        query="indicator=office_compliance&period=2026Q1",
        requires_id=True,
    ),
    api(
        "indicator-values/sources/",
        VIEW,
        ids={"division": "place"},
        query="indicator=mean_area&part=numerator&period=2026Q1",
        requires_id=True,
    ),
    api("imports/", EDIT, body={}, posts=(EDIT,)),
    api("imports/template/", EDIT, ids={"division": "place"}, query="resource=premises", requires_id=True),
    api("imports/<uuid:public_id>/", EDIT, path="import", private=True),
    api("imports/<uuid:public_id>/confirm/", EDIT, path="import", private=True, is_get=False, body={}),
    api("imports/<uuid:public_id>/error-workbook/", EDIT, path="import", private=True),
    *register_api("rating-schemes", "scheme", {"jurisdiction": "place", "applies_to": "place"}, written=RULE),
    *register_api(
        "rating-scheme-versions",
        "scheme_version",
        {"jurisdiction": "place", "applies_to": "place", "scheme": "scheme"},
        written=RULE,
    ),
    *register_api(
        "rating-items",
        "scheme_item",
        {
            "jurisdiction": "place",
            "applies_to": "place",
            "version": "scheme_version",
            "group": "scheme_group",
        },
        written=RULE,
    ),
    *(
        api(
            f"rating-scheme-versions/<uuid:public_id>/{verb}/",
            RULE,
            path="scheme_version",
            is_get=False,
            body={},
            posts=(RULE,),
        )
        for verb in ("publish", "copy")
    ),
    api("rating-scheme-versions/<uuid:public_id>/differences/", VIEW, path="scheme_version"),
    api("rating-scheme-versions/<uuid:public_id>/what-if/", VIEW, path="scheme_version"),
    api("rating-rules/", COMPARE, shared=True),
    api("rating-rules/try/", COMPARE, is_get=False, body={}, shared=True),
    api("runs/", COMPARE, body={"kind": "measure", "period": "2026Q1"}, posts=(RUN,), shared=True),
    api("runs/<uuid:public_id>/", COMPARE, path="run", shared=True),
    api(
        "scores/",
        COMPARE,
        ids={
            "scheme": "scheme",
            "scheme_version": "scheme_version",
            "division": "place",
            "parent": "place",
            "within": "place",
        },
    ),
    api("scores/<uuid:public_id>/", COMPARE, path="score"),
    api("scores/<uuid:public_id>/explanation/", COMPARE, path="score"),
    api("changes/", VIEW, AUDIT, ids={"division": "place"}),
    api("me/"),
    api("schema/"),
    api("docs/"),
    api("^[\\s\\S]*$", public=True, is_get=False),
    Entry("^api(/v1)?$", public=True, is_get=False),
]

HOUSE: list[Entry] = [
    Entry("healthz", public=True),
    Entry("readyz", public=True),
    Entry("metrics", public=True),
    Entry("accounts/login/", public=True, body={"username": "x", "password": "x"}, statuses=(200, 302)),
    Entry("accounts/login/code/", public=True, body={}, statuses=(302,)),
    Entry("accounts/logout/", is_get=False, body={}),
    Entry("accounts/link/", public=True, body={}),
    Entry("accounts/link/password/", public=True, body={}, statuses=(302,)),
    Entry("accounts/profile/"),
    Entry("accounts/sessions/end/", is_get=False, body={}),
    Entry("accounts/tokens/revoke/", is_get=False, body={}),
    Entry("accounts/password/", body={}),
    Entry("accounts/second-factor/", body={}),
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


AT_PLACE = {"place": "place"}
PAGES: list[Entry] = [
    Entry("saved-views/", body={}),
    Entry("saved-views/<uuid:public_id>/", path="saved_view", private=True, body={}),
    Entry("", statuses=(200, 302)),
    Entry("sight/", is_get=False, body={"switch": "large"}),
    Entry("workbench/", (VIEW,), ids=AT_PLACE),
    Entry("dashboard/", (COMPARE,), ids=AT_PLACE),
    Entry("dashboard/subjects/", (VIEW,), ids=AT_PLACE, query="indicator=office_compliance&period=2026Q1"),
    Entry("dashboard/sources/", (VIEW,), ids=AT_PLACE, query="indicator=mean_area&period=2026Q1"),
    Entry("dashboard/ratings/", (COMPARE,), ids=AT_PLACE),
    Entry("scores/", (COMPARE,), ids=AT_PLACE | {"version": "version"}),
    Entry("scores/run/", (RUN,), is_get=False, body={}, posts=(RUN,)),
    Entry("scores/<uuid:public_id>/", (COMPARE,), path="score"),
    Entry("scores/<uuid:public_id>/rows/", (COMPARE,), path="score", query="input=office_compliance"),
    Entry("places/", (VIEW,)),
    Entry("places/hits/", (VIEW,), query="q=%E5%A4%96"),
    Entry("places/children/", (VIEW,), ids={"parent": "place"}),
    Entry("communities/", (VIEW,), ids=AT_PLACE, body={}, posts=(VIEW,)),
    Entry("communities/<uuid:public_id>/", (VIEW,), path="place"),
    *register_pages("divisions", "place", VIEW, AT_PLACE),
    *register_pages("committees", "committee", VIEW, AT_PLACE),
    *register_pages("premises", "room", VIEW, AT_PLACE | {"committee": "committee"}),
    *register_pages("nil-statements", "nil_statement", VIEW, AT_PLACE),
    *register_pages("household-counts", "household_count", VIEW, AT_PLACE),
    *register_pages("exemptions", "exemption", VIEW, AT_PLACE),
    *register_pages("exemption-requests", "exemption_request", VIEW, AT_PLACE),
    *entry_pages("exemption-requests", "exemption_request", rows=("division", "committee")),
    *acts("exemption-requests", "exemption_request", EDIT, pages=(), verbs=("submit",)),
    *register_pages("evidence", "evidence", VIEW, AT_PLACE),
    *entry_pages("evidence", "evidence", rows=("division",)),
    # Without a thing to link to there is no such page; tests/pages/test_evidence.py asks for things.
    Entry("evidence/link/", (EDIT,), body={}, posts=(EDIT,), statuses=(404,)),
    Entry("evidence/<uuid:public_id>/file/", (VIEW,), path="evidence"),
    Entry("evidence/<uuid:public_id>/thumbnail/", (VIEW,), path="evidence"),
    Entry("evidence-links/<uuid:public_id>/remove/", (EDIT,), path="evidence_link", body={}, posts=(EDIT,)),
    *register_pages("approvals", "approval", VIEW, AT_PLACE),
    *(
        Entry(f"approvals/{box}/", (VIEW,), ids=AT_PLACE, body={}, posts=(VIEW,))
        for box in ("done", "submitted", "overdue", "all")
    ),
    Entry("approvals/bulk/", (VIEW,), body={}, posts=(VIEW,)),
    Entry("approvals/chosen/", (VIEW,), ids=AT_PLACE),
    *acts("approvals", "approval", VIEW, pages=(), verbs=("decide", "withdraw", "hand-on", "urge")),
    *(
        each
        for name in ("route", "freeze")
        for each in (
            *register_pages(f"approval-{name}s", f"approval_{name}", VIEW, {"jurisdiction": "place"}),
            *entry_pages(
                f"approval-{name}s", f"approval_{name}", RULE, rows=("jurisdiction",), in_bulk=False
            ),
        )
    ),
    *(
        replace(each, private=True)
        for each in (
            *register_pages("approval-delegations", "delegation", VIEW),
            *entry_pages("approval-delegations", "delegation", DECIDE, ids={}, rows=("receiver",)),
        )
    ),
    *(
        replace(each, shared=True)
        for each in (
            *register_pages("holiday-schedules", "holiday_schedule", VIEW),
            *entry_pages("holiday-schedules", "holiday_schedule", RULE, ids={}, in_bulk=False),
        )
    ),
    *entry_pages("committees", "committee", rows=("division_now",)),
    *entry_pages("premises", "room", rows=("division_now", "committee")),
    *entry_pages("nil-statements", "nil_statement", rows=("division", "committee")),
    *entry_pages("household-counts", "household_count", rows=("division",)),
    *entry_pages("exemptions", "exemption", rows=("division", "committee")),
    *(
        Entry(f"{route}/export/", (VIEW,), ids=AT_PLACE)
        for route in (
            "committees",
            "premises",
            "nil-statements",
            "household-counts",
            "exemptions",
            "exemption-requests",
        )
    ),
    Entry("exports/<uuid:public_id>/", (VIEW,), path="export", private=True),
    Entry("exports/<uuid:public_id>/file/", (VIEW,), path="export", private=True),
    Entry("imports/", (EDIT,)),
    Entry("imports/new/", (EDIT,), ids=AT_PLACE, query="resource=premises", body={}, posts=(EDIT,)),
    Entry("imports/template/", (EDIT,), ids=AT_PLACE, query="resource=premises"),
    Entry("imports/<uuid:public_id>/", (EDIT,), path="import", private=True),
    Entry("imports/<uuid:public_id>/confirm/", (EDIT,), path="import", private=True, is_get=False, body={}),
    Entry("imports/<uuid:public_id>/refused/", (EDIT,), path="import", private=True),
    *entry_pages("policy-documents", "document", RULE, rows=("jurisdiction",)),
    *entry_pages("thresholds", "threshold", RULE, rows=("clause", "jurisdiction")),
    *register_pages("policy-documents", "document", VIEW, {"jurisdiction": "place"}),
    *register_pages("thresholds", "threshold", VIEW, {"jurisdiction": "place", "document": "document"}),
    *register_pages("rating-schemes", "scheme", VIEW, {"jurisdiction": "place"}),
    *register_pages(
        "rating-scheme-versions", "scheme_version", VIEW, {"jurisdiction": "place", "scheme": "scheme"}
    ),
    *register_pages(
        "rating-items",
        "scheme_item",
        VIEW,
        {"jurisdiction": "place", "version": "scheme_version", "group": "scheme_group"},
    ),
    *entry_pages("rating-schemes", "scheme", RULE, rows=("jurisdiction", "clause"), in_bulk=False),
    *entry_pages(
        "rating-scheme-versions",
        "scheme_version",
        RULE,
        {"scheme": "scheme"},
        rows=("scheme",),
        in_bulk=False,
    ),
    *entry_pages(
        "rating-items",
        "scheme_item",
        RULE,
        {"version": "scheme_version", "group": "scheme_group"},
        rows=("group", "clause"),
        in_bulk=False,
    ),
    *acts("rating-scheme-versions", "scheme_version", RULE, pages=(), verbs=("publish", "copy")),
    Entry("rating-scheme-versions/<uuid:public_id>/differences/", (VIEW,), path="scheme_version"),
    Entry("rating-scheme-versions/<uuid:public_id>/what-if/", (VIEW,), path="scheme_version"),
    Entry("periods/", (VIEW,), body={}, posts=(VIEW,), shared=True),
    Entry("periods/<uuid:public_id>/", (VIEW,), path="period", shared=True),
    Entry("periods/<uuid:public_id>/close/", (CLOSE,), path="period", is_get=False, body={}, shared=True),
    *register_pages("organisations", "organisation", ACCOUNTS),
    *entry_pages("organisations", "organisation", ACCOUNTS, rows=("division",)),
    *register_pages("users", "user", ACCOUNTS),
    *entry_pages("users", "user", ACCOUNTS, ids={}, rows=("organisation",)),
    *acts(
        "users",
        "user",
        ACCOUNTS,
        pages=("link", "tokens/new"),
        verbs=("sessions/end", "tokens/revoke"),
    ),
    *register_pages("api-tokens", None, ACCOUNTS),
    *register_pages("role-assignments", "role_assignment", ROLES),
    Entry("role-assignments/new/", (ROLES,), ids={"place": "place"}, body={}, posts=(ROLES,)),
    *row_searches("role-assignments", ROLES, ("user", "division", "organisation")),
    *acts("role-assignments", "role_assignment", ROLES, pages=("end",), verbs=()),
    *register_pages("change-records", "change", AUDIT, AT_PLACE),
    *register_pages("sign-in-records", None, AUDIT),
]

ENTRIES: dict[str, Entry] = {entry.route: entry for entry in (*API, *HOUSE, *PAGES)}


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every address of the portal, from the resolver itself."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route
