"""Requests for exemption on their way: one at each step that people meet."""

from __future__ import annotations

import datetime as dt

from communities.actions import approvals
from communities.base.actions import save
from communities.choices import ApprovalVerb, Level
from communities.indicators import OFFICE_AREA_KEY
from communities.models import ApprovalCase, ApprovalRoute, ApprovalStep, ExemptionRequest, User
from portal.demo.accounts import below, chosen_places
from portal.demo.cities import ProvincePlan
from portal.demo.plan import Body, Standing

STEPS = (
    ("街道初审", Level.STREET, "street_clerk", 3),
    ("区级审定", Level.DISTRICT, "district_officer", 5),
)
REASON = "老旧小区改造，办公用房已腾退"
REMEDY = "改造后由配套用房补足，预计两年内达标"


def store_routes(plan: ProvincePlan) -> None:
    """In each city the street looks at a request first, and the district decides; without one, the city."""
    for city in plan.cities.values():
        route = ApprovalRoute.objects.create(
            kind="exemption",
            jurisdiction_id=city.place.pk,
            valid=(dt.date(plan.timeline.anchor.year, 1, 1), None),
            note="演示规程",
        )
        ApprovalStep.objects.bulk_create(
            ApprovalStep(
                route=route, position=number, name=name, level=level, role=role, working_days=working_days
            )
            for number, (name, level, role, working_days) in enumerate(STEPS, 1)
        )


def store_requests(plan: ProvincePlan) -> None:
    """Waiting for the street and for the district, returned with remarks, in a second round, refused, not sent.

    None is passed: an exemption would move the figures that the rest of the demo is made for.
    """
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    street, district = users["street"], users["district"]
    _district, _street, community = chosen_places(plan)
    bodies = short_bodies(plan)
    asker = users["worker"] if bodies[0].community is community else street
    approvals.submit(request(plan, bodies[0], asker), by=asker, remark="请审核")
    waiting, returned, again, refused, _not_sent = (request(plan, body, street) for body in bodies[1:])
    approvals.submit(waiting, by=street)
    give_back(approvals.submit(returned, by=street), district)
    give_back(approvals.submit(again, by=street), district)
    submit_again(again, street)
    refuse(approvals.submit(refused, by=street), district)


def submit_again(row: ExemptionRequest, by: User) -> None:
    row.remedy = "已与物业服务企业达成借用 60 平方米的意向，改造后由配套用房补足，两年内达标"
    save(row, by=by, reason="按退回意见补充")
    approvals.submit(row, by=by, remark="已补充整改措施")


def give_back(case: ApprovalCase, by: User) -> None:
    approvals.decide(
        case,
        verb=ApprovalVerb.RETURN,
        by=by,
        remark="请补充过渡期内的用房安排",
        remarks={"remedy": "请写明借用或租用的面积和期限"},
    )


def refuse(case: ApprovalCase, by: User) -> None:
    case = approvals.decide(case, verb=ApprovalVerb.PASS, by=by)
    approvals.decide(case, verb=ApprovalVerb.REFUSE, by=by, remark="所在街道有可调剂的用房，应先调剂")


def short_bodies(plan: ProvincePlan) -> list[Body]:
    """Six committees of the demo's street whose office falls short, those of the demo's community first."""
    _district, street, chosen = chosen_places(plan)
    city = next(city for city in plan.cities.values() if street in city.places)
    anchor = plan.timeline.anchor
    communities = [chosen, *(each for each in below(city, street) if each is not chosen)]
    found = [body for each in communities for body in each.judged(anchor) if body.office == Standing.SHORT]
    return found[:6]


def request(plan: ProvincePlan, body: Body, by: User) -> ExemptionRequest:
    """Of a committee, for two years from the anchor."""
    begin = plan.timeline.anchor
    row = ExemptionRequest(
        key=OFFICE_AREA_KEY.code,
        division_id=body.community.place.pk,
        committee_id=body.pk,
        valid=(begin, begin.replace(year=begin.year + 2, day=min(begin.day, 28))),
        reason=REASON,
        remedy=REMEDY,
    )
    save(row, by=by)
    return row
