"""One object of each kind at each distance: one's own, another's in one's city, another city's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from communities.actions.approvals import submit
from communities.models import (
    ChangeRecord,
    Division,
    ExportFile,
    HolidaySchedule,
    ImportBatch,
    Organisation,
    RoleAssignment,
    SavedView,
    SignInRecord,
)
from portal.scorecards import actions
from portal.scorecards.models import RatingSchemeVersion, ScoreCard
from tests import factories
from tests.conftest import World
from tests.factories import approvals, evidence, schemes
from tests.scorecards import sheets
from tests.security.entries import FAR, NEAR, NOBODY_IS, OWN, UNKNOWN


@dataclass
class Cast:
    """One object of each kind at each distance."""

    world: World
    objects: dict[str, dict[str, Any]]

    def id_of(self, kind: str, relation: str) -> str:
        if relation == UNKNOWN:
            return NOBODY_IS
        return str(self.objects[kind][relation].public_id)


def rated(city: Division) -> RatingSchemeVersion:
    """A version by which a city rates its communities."""
    item = {"full_mark": Decimal(10), "rule": sheets.threshold("office_compliance", "100")}
    scheme = sheets.scheme(city, name=f"{city.name_now}现行评分表")
    return sheets.version(city, {"用房": ("10", [item])}, grades={"一级": "5"}, of=scheme)


def decided(
    world: World, places: dict[str, Division], setters: dict[str, Division]
) -> dict[str, dict[str, Any]]:
    """Requests, cases that are open, and what routes them."""
    objects: dict[str, dict[str, Any]] = {
        kind: {}
        for kind in ("exemption_request", "approval", "approval_route", "approval_freeze", "delegation")
    }
    for relation, place in places.items():
        name = setters[relation].name_now
        objects["approval_route"][relation] = approvals.route(setters[relation], note=f"{name}规程")
        row = approvals.request(place, reason=f"{name}危房改造")
        clerk = factories.user(f"asking_{relation}", "community_worker", place, name=f"{name}某人")
        objects["approval"][relation] = submit(row, by=clerk)
        objects["exemption_request"][relation] = approvals.request(place, reason=f"{name}另一件")
        objects["approval_freeze"][relation] = approvals.freeze(setters[relation], reason=f"{name}年终决算")
        receiver = factories.user(f"receiving_{relation}", "street_clerk", setters[relation])
        objects["delegation"][relation] = approvals.delegation(clerk, receiver, reason=f"{name}出差")
    schedule = HolidaySchedule.objects.get(year=2026)
    objects["holiday_schedule"] = {OWN: schedule, NEAR: schedule, FAR: schedule}
    return objects


def build_cast(world: World) -> Cast:
    """The world with rules, runs, figures, accounts and records in 甲区, 外区 and 外市."""
    places = {OWN: world.community, NEAR: world.other_community, FAR: world.far_community}
    bodies = {OWN: "community", NEAR: "other_community", FAR: "far_community"}
    setters = {OWN: world.district, NEAR: world.other_district, FAR: world.far_city}
    people = {OWN: "district_officer", NEAR: "stranger", FAR: "far_officer"}
    world.users["far_officer"] = factories.user("far_officer", "city_officer", world.far_city, name="远外人")
    objects: dict[str, dict[str, Any]] = {
        "place": places,
        "committee": {relation: world.committees[key] for relation, key in bodies.items()},
        "room": {relation: world.premises[key] for relation, key in bodies.items()},
        "user": {relation: world.users[key] for relation, key in people.items()},
    }
    for kind in (
        "threshold",
        "document",
        "nil_statement",
        "household_count",
        "exemption",
        "organisation",
        "change",
        "scheme",
        "scheme_version",
        "scheme_group",
        "scheme_item",
    ):
        objects[kind] = {}
    for relation, place in places.items():
        name = setters[relation].name_now
        clause = factories.clause(
            setters[relation],
            document=factories.document(setters[relation], f"{name}社区用房办法"),
            text=f"{name}条款",
        )
        objects["document"][relation] = clause.document
        objects["threshold"][relation] = factories.threshold(
            "premises.office.area", setters[relation], clause=clause
        )
        version = schemes.whole_version(setters[relation], f"{name}评分表")
        objects["scheme_version"][relation], objects["scheme"][relation] = version, version.scheme
        objects["scheme_group"][relation] = group = version.groups.get()
        objects["scheme_item"][relation] = group.items.get()
        objects["nil_statement"][relation] = factories.nil_statement(place, note=name)
        objects["household_count"][relation] = factories.household_count(place)
        objects["exemption"][relation] = factories.exemption(
            place, reason=f"{name}危房改造", decided_by=f"{name}民政局"
        )
        objects["organisation"][relation] = Organisation.objects.create(
            name=f"{name}民政局", kind="civil_affairs", division=setters[relation]
        )
        objects["change"][relation] = ChangeRecord.objects.create(
            verb="change",
            model="communities.Premises",
            object_id=objects["room"][relation].public_id,
            object_label=objects["room"][relation].name,
            division=place,
            after={"name": name},
        )
        user = objects["user"][relation]
        type(user).objects.filter(pk=user.pk).update(organisation=objects["organisation"][relation])
        SignInRecord.objects.create(username=user.username, user=user, outcome="success", agent=name)
    objects["role_assignment"] = {
        relation: RoleAssignment.objects.get(user=user) for relation, user in objects["user"].items()
    }
    period = factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    type(world.premises["far_community"]).objects.filter(pk=world.premises["far_community"].pk).update(
        area=Decimal("77777.00")
    )
    cities = {OWN: world.city, NEAR: world.city, FAR: world.far_city}
    versions = {city.pk: rated(city) for city in (world.city, world.far_city)}
    objects["version"] = {relation: versions[city.pk] for relation, city in cities.items()}
    run = actions.request_run(period=period, by=None)
    actions.execute_run(run.public_id)
    actions.sweep()
    objects["score"] = {
        relation: ScoreCard.objects.current().get(division=place) for relation, place in places.items()
    }
    objects["import"] = {
        relation: ImportBatch.objects.create(
            register="premises",
            division=place,
            requested_by=factories.user(f"uploader_{relation}", "street_clerk", place),
            state="ready",
            file_name=f"{setters[relation].name_now}.xlsx",
            size=1,
            digest="0" * 64,
            counts={"refused": 1},
        )
        for relation, place in places.items()
    }
    objects["export"] = {
        relation: ExportFile.objects.create(
            register="premises", division=batch.division, requested_by=batch.requested_by
        )
        for relation, batch in objects["import"].items()
    }
    objects["saved_view"] = {
        relation: SavedView.objects.create(
            user=factories.user(f"saver_{relation}"), page="premises", name=setters[relation].name_now
        )
        for relation in places
    }
    for view in objects["saved_view"].values():
        view.refresh_from_db()
    objects |= decided(world, places, setters)
    objects["evidence"] = {
        relation: evidence.photo(
            place,
            title=f"{setters[relation].name_now}照片",
            seed=number,
            file_name=f"{setters[relation].name_now}.jpg",
        )
        for number, (relation, place) in enumerate(places.items())
    }
    objects["evidence_link"] = {
        relation: evidence.link(row, objects["room"][relation])
        for relation, row in objects["evidence"].items()
    }
    objects["run"] = {OWN: run, NEAR: run, FAR: run}
    objects["period"] = {OWN: period, NEAR: period, FAR: period}
    return Cast(world, objects)
