"""Which steps a case goes through, until when, and who is there to decide."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.places import ancestor_ids, depth
from communities.base.querysets import today, valid_on
from communities.base.roles import ROLES, Action, roles_allowing
from communities.base.working_days import DueDay, WorkingDays
from communities.choices import TurnState
from communities.models import (
    ApprovalCase,
    ApprovalFreeze,
    ApprovalRoute,
    ApprovalStep,
    ApprovalTurn,
    Division,
    HolidaySchedule,
    RoleAssignment,
)

# So many open turns are looked at in one transaction.
AT_ONCE = 1000
ROLE_ORDER = {code: number for number, code in enumerate(ROLES)}


def route_for(kind: str, division: Division, day: dt.date) -> ApprovalRoute:
    """The route of the nearest jurisdiction at or above a place. Raises ValidationError where there is none."""
    routes = ApprovalRoute.objects.live().filter(
        valid_on(day), kind=kind, jurisdiction__in=ancestor_ids(division.path_now)
    )
    found = max(
        routes.select_related("jurisdiction"),
        key=lambda route: depth(route.jurisdiction.path_now),
        default=None,
    )
    if found is None:
        raise ValidationError(_("本地区还没有这一事项的审批流程，请联系标准管理员。"), code="no_route")
    return found


def steps_for(case: ApprovalCase, day: dt.date) -> list[ApprovalStep]:
    """The steps whose conditions hold. Raises ValidationError where none does."""
    route = route_for(case.kind, case.division, day)
    steps = [step for step in route.steps.live() if step.is_asked(case.amount, case.division.level)]
    if not steps:
        raise ValidationError(_("审批流程中没有适用的步骤，请联系标准管理员。"), code="no_step")
    return steps


def turns_of(case: ApprovalCase, steps: Sequence[ApprovalStep]) -> list[ApprovalTurn]:
    """The steps as turns of the case's round: numbered from 1, at the places of their levels.

    Where the tree leaves a level out (a city without districts), the next place above decides.
    """
    above = Division.objects.in_bulk(ancestor_ids(case.division.path_now))
    chain = sorted(above.values(), key=lambda place: place.level)
    turns = []
    for number, step in enumerate(sorted(steps, key=lambda step: step.position), 1):
        place = [each for each in chain if each.level <= step.level][-1]
        turns.append(
            ApprovalTurn(
                case=case,
                round=case.round,
                position=number,
                name=step.name,
                role=step.role,
                level=step.level,
                organisation_kind=step.organisation_kind,
                needed=step.needed,
                working_days=step.working_days,
                place=place,
            )
        )
    return turns


def open_turn(case: ApprovalCase, turn: ApprovalTurn) -> None:
    """The turn is up: its term runs from today. Changes ``case``, which the caller saves."""
    turn.state, turn.opened_at = TurnState.OPEN, timezone.now()
    due = due_day(case, turn)
    turn.due_on = due.day
    settle(turn, case.submitter_id, posts_at(ancestor_ids(turn.place.path_now)))
    turn.save()
    case.position, case.due_on, case.is_due_certain = turn.position, due.day, due.is_certain


def due_day(case: ApprovalCase, turn: ApprovalTurn) -> DueDay:
    """So many working days from today; those on which things of the kind are frozen do not count."""
    first = today()
    calendar: WorkingDays = HolidaySchedule.objects.working_days()
    return calendar.after(first, turn.working_days, stopped=frozen_days(case.kind, case.division, first))


def frozen_days(kind: str, division: Division, first: dt.date) -> set[dt.date]:
    """The days from ``first`` on at which things of a kind are frozen at a place."""
    freezes = (
        ApprovalFreeze.objects.live()
        .filter(
            Q(kinds=[]) | Q(kinds__contains=[kind]),
            jurisdiction__in=ancestor_ids(division.path_now),
            valid__endswith__gt=first,
        )
        .values_list("valid", flat=True)
    )
    return {
        span.lower + dt.timedelta(days=n) for span in freezes for n in range((span.upper - span.lower).days)
    }


def require_thawed(kind: str, division: Division) -> None:
    """Raises ValidationError while things of a kind are frozen at a place."""
    freeze = ApprovalFreeze.objects.holding(kind, division, today()).order_by("valid__endswith").last()
    if freeze is not None:
        told = _("%(reason)s，%(last)s以前不能申报和审批。")
        last = freeze.valid.upper - dt.timedelta(days=1)
        raise ValidationError(
            told, code="frozen", params={"reason": freeze.reason, "last": f"{last.isoformat()}(含)"}
        )


@dataclass(frozen=True)
class Post:
    """A role held at a place: those who hold it there, each with the kind of his organisation."""

    role: str
    place: Division
    holders: dict[int, str]

    def number(self, organisation_kind: str = "", *, but: int) -> int:
        """How many hold it besides one user, in organisations of one kind where that is asked for."""
        return sum(
            1 for user, kind in self.holders.items() if user != but and organisation_kind in {"", kind}
        )


def posts_at(places: Iterable[int]) -> list[Post]:
    """The posts that may decide at some places: one question."""
    held = RoleAssignment.objects.live().filter(
        valid_on(today()),
        Q(user__expires_on__isnull=True) | Q(user__expires_on__gte=today()),
        division__in=set(places),
        role__in=roles_allowing(Action.APPROVE),
        user__is_active=True,
        user__deleted_at__isnull=True,
    )
    found: dict[tuple[str, Division], dict[int, str]] = defaultdict(dict)
    for each in held.select_related("division", "organisation", "user__organisation"):
        body = each.organisation or each.user.organisation
        found[each.role, each.division][each.user_id] = body.kind if body is not None else ""
    return [Post(role, place, holders) for (role, place), holders in found.items()]


def settle(turn: ApprovalTurn, submitter: int, posts: Sequence[Post]) -> bool:
    """Find who decides as well where too few hold the post; whether anything changed. Does not save.

    ``posts`` are those of the turn's place and of all above it. First come those who hold the same role at the
    nearest place, then whoever may decide at the nearest place, the turn's own first. Too few anywhere: the turn is
    stuck, which pages tell, until a role is granted.
    """
    before = (turn.stand_in_role, turn.stand_in_place_id, turn.is_stuck)
    own = [post for post in posts if (post.role, post.place.pk) == (turn.role, turn.place_id)]
    there = sum(post.number(turn.organisation_kind, but=submitter) for post in own)
    turn.stand_in_role, turn.stand_in_place, turn.is_stuck = "", None, False
    missing = turn.needed - there
    if missing > 0:
        more = {id(post): post.number(but=submitter) - (there if post in own else 0) for post in posts}
        others = sorted(
            (post for post in posts if more[id(post)] > 0), key=lambda post: _nearness(turn, post)
        )
        enough = [post for post in others if more[id(post)] >= missing]
        for post in (enough or others)[:1]:
            turn.stand_in_role, turn.stand_in_place = post.role, post.place
        turn.is_stuck = not enough
    return before != (turn.stand_in_role, turn.stand_in_place_id, turn.is_stuck)


def _nearness(turn: ApprovalTurn, post: Post) -> tuple[bool, int, bool, int]:
    keeps_registers = Action.EDIT_REGISTERS in ROLES[post.role].actions
    return (post.role != turn.role, -depth(post.place.path_now), not keeps_registers, ROLE_ORDER[post.role])


def settle_open_turns() -> int:
    """Look again who is there to decide, as people come and go: how many open turns changed hands."""
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            turns = list(
                ApprovalTurn.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("place", "case")
                .filter(state=TurnState.OPEN, pk__gt=last)
                .order_by("pk")[:AT_ONCE]
            )
            if not turns:
                return changed
            last = turns[-1].pk
            by_place: dict[int, list[Post]] = defaultdict(list)
            for post in posts_at(pk for turn in turns for pk in ancestor_ids(turn.place.path_now)):
                by_place[post.place.pk].append(post)
            moved = [
                turn
                for turn in turns
                if settle(
                    turn,
                    turn.case.submitter_id,
                    [post for pk in ancestor_ids(turn.place.path_now) for post in by_place[pk]],
                )
            ]
            ApprovalTurn.objects.bulk_update(moved, ["stand_in_role", "stand_in_place", "is_stuck"])
            changed += len(moved)
