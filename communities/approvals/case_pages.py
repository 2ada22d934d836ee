"""The page of a case, and what is done on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.actions import approvals
from communities.approvals import telling
from communities.base.actions import StaleVersion
from communities.base.approvals import Approvable
from communities.base.detail import DetailPage
from communities.base.entry.pages import version_of
from communities.base.querysets import today
from communities.base.roles import Action
from communities.base.selection import Mark, list_query, marks_sent
from communities.base.tables import detail_url
from communities.base.views import ScopedPage, place_lines, readable
from communities.choices import APPROVAL_DECISIONS, ApprovalVerb
from communities.models import ApprovalCase, ApprovalFreeze, User

STALE = gettext_lazy("打开本页之后，这一件已有新的办理情况，请看过以后再办理。")
NOT_YOURS = gettext_lazy("这一步现在不由您办理。")
REMARKS = "remarks."


class CaseDetail(DetailPage):
    """A case: what was submitted, its steps and opinions, and what the reader may do now."""

    model = ApprovalCase
    related = ("division", "organisation", "submitter")
    template_name = "approvals/case.html"
    shows_history = False  # what was done with it is told in full
    groups = (
        (
            gettext_lazy("审批件"),
            ("number", "kind", "state", "organisation", "submitter", "submitted_at", "due_on", "urged"),
        ),
    )
    # What was wrong with an act that was tried, and what was typed for it.
    problem: str = ""
    status = 200

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        response = super().get(request, public_id)
        response.status_code = self.status
        return response

    def fact_number(self) -> tuple[Any, Any]:
        return _("编号"), self.row.number

    def fact_kind(self) -> tuple[Any, Any]:
        return _("事项"), self.row.subject_name

    def fact_organisation(self) -> tuple[Any, Any]:
        return _("申报单位"), str(self.row.organisation or "—")

    def fact_submitter(self) -> tuple[Any, Any]:
        return _("申报人"), self.row.submitter.name

    def fact_state(self) -> tuple[Any, Any]:
        if self.row.round < 2:
            return _("状态"), self.row.get_state_display()
        told = _("%(state)s(第 %(round)d 轮)")
        return _("状态"), told % {"state": self.row.get_state_display(), "round": self.row.round}

    def fact_due_on(self) -> tuple[Any, Any]:
        row = self.row
        if row.due_on is None:
            return _("办理期限"), "—"
        told = row.due_on.isoformat()
        if late := telling.working_days_late(row):
            told += _("，已超期 %(days)d 个工作日") % {"days": late}
        if not row.is_due_certain:
            told += _("(所涉年份的放假安排尚未公布，按周末推算，可能顺延)")
        return _("办理期限"), told

    def fact_urged(self) -> tuple[Any, Any]:
        return _("催办"), _("%(times)d 次") % {"times": self.row.urged}

    def context(self) -> dict[str, Any]:
        case, user = self.row, cast("User", self.request.user)
        may, remarks = telling.may_do(case, user), remarks_in(self.request)
        subject: Approvable | None = (
            readable(telling.model_of(case), user, Action.VIEW).filter(case=case).first()
        )
        return super().context() | {
            "case": case,
            "may": may,
            "submitted": [(each, remarks.get(each.name, "")) for each in telling.submitted(case)],
            "is_remarked": bool(remarks),
            "turns": telling.turns_told(case),
            "opinions": list(telling.opinions_told(case)),
            "subject_url": detail_url(subject) if subject is not None else None,
            "receivers": approvals.candidates(case, but=user) if "hand_on" in may else (),
            "freeze": ApprovalFreeze.objects.holding(case.kind, case.division, today()).first()
            if case.is_open
            else None,
            "problem": self.problem,
            "typed": self.request.POST,
            "decisions": [(verb.value, verb.label) for verb in APPROVAL_DECISIONS],
        }


def remarks_in(request: HttpRequest) -> dict[str, str]:
    """What was said of single fields, by their names."""
    names = [name for name in request.POST if name.startswith(REMARKS)]
    return {name.removeprefix(REMARKS): request.POST.get(name, "").replace("\x00", "") for name in names}


class CaseAct(CaseDetail):
    """One thing done with a case; refused, the page comes back with what was typed."""

    done: ClassVar[Any]

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        rows = self.rows().select_related(*self.related)
        case = get_object_or_404(rows, public_id=public_id)
        case.version = version_of(request)
        try:
            written = self.act(case)
        except ValidationError as error:
            return self.refused(request, public_id, "".join(error.messages), 422)
        except StaleVersion:
            return self.refused(request, public_id, str(STALE), 409)
        except PermissionDenied as error:
            return self.refused(request, public_id, str(error) or str(NOT_YOURS), 403)
        messages.success(request, self.done % {"case": written})
        return HttpResponseRedirect(detail_url(written) or "")

    def refused(self, request: HttpRequest, public_id: Any, problem: str, status: int) -> HttpResponse:
        self.problem, self.status = problem, status
        return super().get(request, public_id)

    def act(self, case: ApprovalCase) -> ApprovalCase:
        raise NotImplementedError

    @property
    def remark(self) -> str:
        return self.request.POST.get("remark", "").replace("\x00", "")


class Decide(CaseAct):
    done = gettext_lazy("已办理「%(case)s」。")

    def act(self, case: ApprovalCase) -> ApprovalCase:
        return approvals.decide(
            case,
            verb=verb_in(self.request),
            by=self.request.user,
            remark=self.remark,
            remarks=remarks_in(self.request),
        )


class Withdraw(CaseAct):
    done = gettext_lazy("已撤回「%(case)s」，可以修改后重新申报。")

    def act(self, case: ApprovalCase) -> ApprovalCase:
        return approvals.withdraw(case, by=self.request.user, remark=self.remark)


class Urge(CaseAct):
    done = gettext_lazy("已催办「%(case)s」。")

    def act(self, case: ApprovalCase) -> ApprovalCase:
        return approvals.urge(case, by=self.request.user, remark=self.remark)


class HandOn(CaseAct):
    done = gettext_lazy("已转办「%(case)s」。")

    def act(self, case: ApprovalCase) -> ApprovalCase:
        named = self.request.POST.get("to", "")
        by = cast("User", self.request.user)
        receivers = {str(user.public_id): user for user in approvals.candidates(case, but=by)}
        if named not in receivers:
            raise ValidationError(_("请选择转交给谁。"), code="required")
        return approvals.hand_on(case, to=receivers[named], by=by, remark=self.remark)


def verb_in(request: HttpRequest) -> ApprovalVerb:
    """Raises ValidationError where none was chosen."""
    named = request.POST.get("verb", "")
    if named not in APPROVAL_DECISIONS:
        raise ValidationError(_("请选择同意、退回或不予通过。"), code="required")
    return ApprovalVerb(named)


class SubmitRow(ScopedPage):
    """A row submitted for a decision, from its own page."""

    action = Action.EDIT_REGISTERS
    model: ClassVar[type[Approvable]]

    @classmethod
    def of(cls, model: type[Approvable]) -> Callable[..., Any]:
        """The address for one register."""
        page: Any = type(f"{model.__name__}Submit", (cls,), {"model": model})
        return page.as_view()

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        rows = readable(self.model, request.user, self.action)
        row: Any = get_object_or_404(rows, public_id=public_id)
        row.version = version_of(request)
        remark = request.POST.get("remark", "").replace("\x00", "")[:500]
        try:
            case = approvals.submit(row, by=request.user, remark=remark)
        except ValidationError as error:
            messages.warning(request, _("没有申报：%(why)s") % {"why": "".join(error.messages)})
        except StaleVersion:
            messages.warning(request, _("没有申报：打开本页之后，这一条已被他人修改，请核对后再申报。"))
        else:
            messages.success(request, _("已申报「%(case)s」。") % {"case": case})
            return HttpResponseRedirect(detail_url(case) or "")
        return HttpResponseRedirect(detail_url(row) or "")


class DecideMany(ScopedPage):
    """Ticked cases decided together, each for itself: what one is refused for does not hold up the others."""

    list_page: ClassVar[Any]

    @classmethod
    def beside(cls, list_page: Any) -> Callable[..., Any]:
        page: Any = type(cls.__name__, (cls,), {"list_page": list_page})
        return page.as_view()

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(request, [])

    def post(self, request: HttpRequest) -> HttpResponse:
        cases = self.cases(marks_sent(request, self.list_page, self.action))
        if request.POST.get("step") != "decide":
            return self.shown(request, cases)
        remark = request.POST.get("remark", "").strip().replace("\x00", "")
        try:
            verb = verb_in(request)
        except ValidationError as error:
            return self.shown(request, cases, problem="".join(error.messages), status=422)
        if verb != ApprovalVerb.PASS and not remark:
            return self.shown(request, cases, problem=_("退回或不予通过，请填写原因。"), status=422)
        outcomes = approvals.decide_many(cases, verb=verb, by=request.user, remark=remark)
        told = [(outcome.case, reason_of(outcome.error)) for outcome in outcomes]
        key = f"approval:{request.user.public_id}"  # type: ignore[union-attr]
        return self.shown(request, [], outcomes=told, verb=verb.label, done_key=key)

    def cases(self, marks: list[Mark]) -> list[ApprovalCase]:
        """Those among them that the reader sees, the most urgent first, with the versions that he was shown."""
        versions = {mark.public_id: mark.version for mark in marks}
        rows = readable(ApprovalCase, self.request.user, self.action).filter(public_id__in=versions)
        found = list(rows.select_related("division", "submitter").order_by("due_on", "pk"))
        for case in found:
            shown = versions[str(case.public_id)]
            case.version = case.version if shown is None else shown
        return found

    def shown(
        self, request: HttpRequest, cases: list[ApprovalCase], *, status: int = 200, **more: Any
    ) -> HttpResponse:
        lines = place_lines(case.division for case in cases)
        context = {
            "cases": [(case, lines.get(case.division_id, "")) for case in cases],
            "decisions": [(verb.value, verb.label) for verb in APPROVAL_DECISIONS],
            "typed": request.POST,
            "back": request.POST.get("back", ""),
            "back_query": list_query(request.POST.get("back", "")),
            **more,
        }
        return render(request, "approvals/decide_many.html", context, status=status)


def reason_of(error: Exception | None) -> str:
    """Why a case was left as it is; empty where it was decided on."""
    match error:
        case None:
            return ""
        case ValidationError():
            return "".join(error.messages)
        case StaleVersion():
            return str(STALE)
    return str(error) or str(NOT_YOURS)
