"""Who may open what: every address, declared.

A new address without a line here fails ``test_scope_matrix``. A line says which action the address asks for, what
kind of object its path names, and which parameters name objects. From that, and from :data:`HOLDS` and
:data:`REACHES` in ``entries`` (written out, not derived from the code under test), the expected answer follows for
every role and every object: one's own, a foreign one of one's city, one of another city, one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.security.entries import (
    ACCOUNTS,
    AUDIT,
    CLOSE,
    COMPARE,
    DECIDE,
    EDIT,
    ROLES,
    RULE,
    RUN,
    VIEW,
    Entry,
    acts,
    api,
    entry_pages,
    register_api,
    register_pages,
    row_searches,
)

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
