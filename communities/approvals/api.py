"""Decisions over REST: one's lists, a case with all that was said, and what is done with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import ValidationError as Invalid
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from communities.actions import approvals
from communities.api import FactViewSet, dated
from communities.approvals import filters, forms, serializers, telling
from communities.approvals.case_pages import reason_of
from communities.base.actions import StaleVersion, errors_by_field
from communities.base.api import RegisterViewSet, refuse_unknown
from communities.base.entry.api import EntryViewSet
from communities.base.entry.bodies import name_told
from communities.base.entry.conditions import PreconditionFailed, version_asked
from communities.base.entry.forms import EntryForm
from communities.base.entry.schema import ETAG, IF_MATCH
from communities.base.paging import Order
from communities.choices import ApprovalVerb
from communities.models import (
    ApprovalCase,
    ApprovalDelegation,
    ApprovalFreeze,
    ApprovalRoute,
    ApprovalStep,
    ExemptionRequest,
    HolidaySchedule,
    SpecialDay,
    User,
)


@contextmanager
def answered() -> Iterator[None]:
    """What an act on a case raises, as the API says it; who may not act is told by 403."""
    try:
        yield
    except StaleVersion as error:
        raise PreconditionFailed from error
    except Invalid as error:
        found: dict[str, list[ErrorDetail]] = {}
        for name, listed in errors_by_field(error).items():
            told = [ErrorDetail(text, each.code or "invalid") for each in listed for text in each.messages]
            found[name_told(EntryForm, name)] = told
        raise ValidationError(found) from error


def acts(request: Any, **more: Any) -> Callable[..., Any]:
    """The OpenAPI side of an act on one case."""
    shown = {200: serializers.CaseDetailSerializer}
    return extend_schema(request=request, responses=shown, **more)


class ApprovalViewSet(RegisterViewSet):
    """Cases in one's places; ``box`` limits them to a part of one's own work."""

    queryset = ApprovalCase.objects.select_related("division", "organisation", "submitter").defer(
        "division__search"
    )
    filterset_class = filters.BoxedCaseFilterSet
    serializer_class = serializers.CaseSerializer
    detail_serializer_class = serializers.CaseDetailSerializer
    orders = {
        "submitted_at": Order("pk", descending=True, parse=int),
        "due_on": Order("due_on", nullable=True, parse=dt.date.fromisoformat),
        "place": Order("division__path_now"),
    }
    http_method_names = ("get", "head", "post")

    @acts(serializers.DecideSerializer, parameters=[IF_MATCH, ETAG])
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, public_id: Any) -> Response:
        """Pass, return or refuse at the present step; needs ``If-Match``."""
        case, sent = self.asked(request, public_id, serializers.DecideSerializer)
        real = {name: field for field, name in telling.called(case).items()}
        remarks = {real.get(name, name): text for name, text in sent["remarks"].items()}
        with answered():
            approvals.decide(
                case,
                verb=ApprovalVerb(sent["verb"]),
                by=self.person,
                remark=sent["remark"],
                remarks=remarks,
            )
        return self.told(case)

    @acts(serializers.RemarkedSerializer, parameters=[IF_MATCH, ETAG])
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, public_id: Any) -> Response:
        """Take back what was submitted; needs ``If-Match``."""
        case, sent = self.asked(request, public_id, serializers.RemarkedSerializer)
        with answered():
            approvals.withdraw(case, by=self.person, remark=sent["remark"])
        return self.told(case)

    @acts(serializers.HandOnSerializer, parameters=[IF_MATCH, ETAG])
    @action(detail=True, methods=["post"], url_path="hand-on")
    def hand_on(self, request: Request, public_id: Any) -> Response:
        """Hand the present step to one person; needs ``If-Match``."""
        case, sent = self.asked(request, public_id, serializers.HandOnSerializer)
        known = {user.public_id: user for user in approvals.candidates(case, but=self.person)}
        if sent["to"] not in known:
            raise ValidationError({"to": [ErrorDetail(_("这个人不能办理这一件。"), "may_not_decide")]})
        with answered():
            approvals.hand_on(case, to=known[sent["to"]], by=self.person, remark=sent["remark"])
        return self.told(case)

    @acts(serializers.RemarkedSerializer)
    @action(detail=True, methods=["post"])
    def urge(self, request: Request, public_id: Any) -> Response:
        """Remind those whose turn it is; once a day."""
        case, sent = self.asked(request, public_id, serializers.RemarkedSerializer, versioned=False)
        with answered():
            approvals.urge(case, by=self.person, remark=sent["remark"])
        return self.told(case)

    @extend_schema(
        request=serializers.DecideManySerializer, responses={200: serializers.CaseOutcomesSerializer}
    )
    @action(detail=False, methods=["post"], filter_backends=(), pagination_class=None)
    def bulk(self, request: Request) -> Response:
        """One decision on up to 100 cases, each for itself: what one is refused for does not hold up the others."""
        refuse_unknown(request.query_params, ())
        sent = self.body(request, serializers.DecideManySerializer)
        versions = {mark["id"]: mark["version"] for mark in sent["cases"]}
        cases = list(self.get_queryset().filter(public_id__in=versions))
        for case in cases:
            case.version = versions[case.public_id]
        verb = ApprovalVerb(sent["verb"])
        found = approvals.decide_many(cases, verb=verb, by=self.person, remark=sent["remark"])
        told = {outcome.case.public_id: reason_of(outcome.error) for outcome in found}
        unknown = _("没有找到所指的对象。")
        results = [
            {"id": each, "is_done": told.get(each) == "", "reason": told.get(each, unknown)}
            for each in versions
        ]
        return Response(serializers.CaseOutcomesSerializer({"results": results}).data)

    @property
    def person(self) -> User:
        return cast("User", self.request.user)

    @staticmethod
    def body(request: Request, serializer: Any) -> Any:
        """Raises ValidationError."""
        sent = serializer(data=request.data or {})
        sent.is_valid(raise_exception=True)
        return sent.validated_data

    def asked(
        self, request: Request, public_id: Any, serializer: Any, *, versioned: bool = True
    ) -> tuple[ApprovalCase, Any]:
        """The case in the version that was read, and the body.

        Raises NotFound, ValidationError, PreconditionRequired, PreconditionFailed.
        """
        refuse_unknown(request.query_params, ())
        case = self.get_queryset().filter(public_id=public_id).first()
        if case is None:
            raise NotFound
        sent = self.body(request, serializer)
        if versioned:
            case.version = version_asked(request, case)
        return case, sent

    def told(self, case: ApprovalCase) -> Response:
        """The case as it now reads, with its ETag; 403 tells nothing more to one whose scope has ended."""
        stored = self.get_queryset().filter(pk=case.pk).first()
        if stored is None:
            raise PermissionDenied
        data = serializers.CaseDetailSerializer(stored, context=self.get_serializer_context()).data
        return Response(data, headers={"ETag": f'"{stored.version}"'})


class ApprovalRouteViewSet(EntryViewSet):
    """In which steps things are decided, written with their steps."""

    entry = forms.RouteForm

    queryset = ApprovalRoute.objects.select_related("jurisdiction").prefetch_related(
        Prefetch("steps", ApprovalStep.objects.live(), to_attr="live_steps")
    )
    filterset_class = filters.RouteFilterSet
    serializer_class = serializers.RouteSerializer
    orders = {"kind": Order("kind")}


class ApprovalFreezeViewSet(EntryViewSet):
    """When nothing is submitted or decided."""

    entry = forms.FreezeForm

    queryset = ApprovalFreeze.objects.select_related("jurisdiction")
    filterset_class = filters.FreezeFilterSet
    serializer_class = serializers.FreezeSerializer
    orders = {"place": Order("jurisdiction__path_now")}


class ApprovalDelegationViewSet(EntryViewSet):
    """What one entrusts to others while one is away, and what others entrust to one."""

    entry = forms.DelegationForm

    queryset = ApprovalDelegation.objects.select_related("giver", "receiver")
    filterset_class = filters.DelegationFilterSet
    serializer_class = serializers.DelegationSerializer
    orders = {"created_at": Order("pk", descending=True, parse=int)}


class HolidayScheduleViewSet(EntryViewSet):
    """The published holidays by which terms in working days are counted."""

    entry = forms.HolidayScheduleForm

    queryset = HolidaySchedule.objects.prefetch_related(
        Prefetch("days", SpecialDay.objects.live(), to_attr="live_days")
    )
    filterset_class = filters.HolidayScheduleFilterSet
    serializer_class = serializers.HolidayScheduleSerializer
    orders = {"year": Order("year", descending=True, parse=int)}


@dated
class ExemptionRequestViewSet(FactViewSet):
    """Requests to be freed from a standard for a time."""

    entry = forms.ExemptionRequestForm

    queryset = ExemptionRequest.objects.select_related(
        "division", "committee", "exemption", "case__division", "case__organisation", "case__submitter"
    ).defer("division__search", "case__division__search")
    filterset_class = filters.ExemptionRequestFilterSet
    serializer_class = serializers.ExemptionRequestSerializer
    orders = {"place": Order("division__path_now")}

    @acts(serializers.RemarkedSerializer, parameters=[IF_MATCH, ETAG])
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, public_id: Any) -> Response:
        """Submit it for a decision as it stands; needs ``If-Match``. The answer is its case."""
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        sent = ApprovalViewSet.body(request, serializers.RemarkedSerializer)
        row.version = version_asked(request, row)
        with answered():
            case = approvals.submit(row, by=request.user, remark=sent["remark"])
        data = serializers.CaseDetailSerializer(case, context=self.get_serializer_context()).data
        return Response(data, headers={"ETag": f'"{case.version}"'})
