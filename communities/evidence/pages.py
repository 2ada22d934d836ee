"""Filing evidence in the browser: a file with what is said of it, links to things, and links taken back."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from communities.actions import evidence
from communities.base import drafts, wording
from communities.base.actions import errors_by_field
from communities.base.entry.pages import CreatePage, RemovePage, problems, take
from communities.base.roles import Action
from communities.base.selection import marks_in
from communities.base.tables import detail_url
from communities.base.views import ScopedPage
from communities.evidence.forms import EvidenceForm, UploadForm
from communities.models import Evidence, EvidenceLink

OFFERED = 60
PLACES = ("division_now", "division")


def asked_thing(request: HttpRequest) -> Any | None:
    """The row that the address names, None where it names none. Raises Http404."""
    text = request.GET.get("thing", "")
    if not text:
        return None
    try:
        return evidence.thing_named(text, request.user)
    except ObjectDoesNotExist as error:
        raise Http404 from error


def place_of(thing: Any) -> Any:
    return next((place for name in PLACES if (place := getattr(thing, name, None)) is not None), None)


class UploadPage(CreatePage):
    """A file with what is said of it; with ``?thing=`` evidence for that row at once."""

    template_name: ClassVar[str] = "evidence/upload.html"
    wrong = ""

    @classmethod
    def of(cls, entry: Any) -> Any:  # noqa: ARG003 - a new one is asked for less
        return super().of(UploadForm)

    @cached_property
    def thing(self) -> Any | None:
        return asked_thing(self.request)

    def known(self) -> dict[str, Any]:
        """Today and a photo, as mostly; the place of the thing."""
        known = super().known()
        place = place_of(self.thing)
        if place is not None and not known:
            known = {"division": place}
        return {"kind": "photo"} | known

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.entry(request.POST, user=request.user)
        file = request.FILES.get("file")
        thing = self.thing
        self.wrong = str(wording.FILE) if file is None else ""
        if form.is_valid() and file is not None:
            try:
                row = evidence.file_evidence(
                    file, form.instance, name=file.name or "", by=request.user, thing=thing
                )
                drafts.discard(request.user, self.code, None)
            except ValidationError as error:
                self.told(form, error)
            else:
                return self.written(row)
        return self.shown(form, [], status=422, is_again=file is not None)

    def told(self, form: Any, error: ValidationError) -> None:
        """What is wrong with the file stands at the file."""
        found = errors_by_field(error)
        self.wrong = " ".join(text for each in found.pop("file", []) for text in each.messages)
        if found:
            take(form, ValidationError(dict(found)), [])

    def written(self, row: Any) -> HttpResponse:
        response = super().written(row)
        return HttpResponseRedirect(detail_url(self.thing) or self.list_url) if self.thing else response

    def show(self, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        wrong = [("id_file", _("文件"), self.wrong)] if self.wrong else []
        more |= {
            "problems": wrong + problems(form),
            "thing": self.thing,
            "wrong_file": self.wrong,
            "accepted": evidence.ACCEPTED,
            "accept": ",".join(suffix for each in evidence.SUFFIXES.values() for suffix in each),
        }
        if self.thing is not None:
            more["cancel_url"] = detail_url(self.thing) or self.list_url
        return super().show(form, status=status, **more)


class LinkPage(ScopedPage):
    """Evidence that stands already, linked to a row: what is ticked, all of it or nothing."""

    action: ClassVar[Action] = Action.EDIT_REGISTERS
    template_name: ClassVar[str] = "evidence/link.html"

    @cached_property
    def thing(self) -> Any:
        thing = asked_thing(self.request)
        if thing is None:
            raise Http404
        return thing

    def offered(self) -> Any:
        """The latest of the thing's place that is not linked to it, where the user may write."""
        rows = Evidence.objects.live().visible_to(self.request.user, self.action)
        place = place_of(self.thing)
        if place is not None:
            rows = rows.below(place.path_now)
        linked = EvidenceLink.objects.live().to(self.thing).values("evidence")
        return rows.exclude(pk__in=linked).select_related("stored", "division").order_by("-taken_on", "-pk")

    def get(self, _request: HttpRequest) -> HttpResponse:
        return self.shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        thing, chosen = self.thing, marks_in(request.POST.getlist("evidence"))
        rows = list(self.offered().filter(public_id__in=[mark.public_id for mark in chosen]))
        if not rows:
            return self.shown(str(_("请勾选要关联的材料。")))
        if lost := len(chosen) - len(rows):
            told = _("没有关联：所选材料中有 %(lost)d 份已经关联、已删除或不在您的管辖范围内，请重新勾选。")
            return self.shown(told % {"lost": lost})
        try:
            with transaction.atomic():
                for row in rows:
                    evidence.link_evidence(row, thing, by=request.user)
        except ValidationError as error:
            return self.shown(" ".join(error.messages))
        messages.success(request, _("已关联 %(number)d 份佐证材料。") % {"number": len(rows)})
        return HttpResponseRedirect(detail_url(thing) or "/")

    def shown(self, wrong: str = "") -> HttpResponse:
        found = list(self.offered()[: OFFERED + 1])
        context = {
            "thing": self.thing,
            "thing_url": detail_url(self.thing),
            "rows": found[:OFFERED],
            "is_cut": len(found) > OFFERED,
            "wrong": wrong,
        }
        return render(self.request, self.template_name, context, status=422 if wrong else 200)


class UnlinkPage(RemovePage):
    """A link taken back, with the reason; both ends stay."""

    entry = EvidenceForm
    action: ClassVar[Action] = Action.EDIT_REGISTERS
    template_name: ClassVar[str] = "evidence/unlink.html"

    @property
    def model(self) -> Any:
        return EvidenceLink

    def row(self, public_id: Any, *, deleted: bool = False) -> Any:
        """Raises Http404 also where the thing, which the page names, is beyond the user."""
        row = super().row(public_id, deleted=deleted)
        if evidence.thing_of(row, self.request.user) is None:
            raise Http404
        return row

    @property
    def list_url(self) -> str:
        return detail_url(self.link.evidence) or "/"

    @cached_property
    def link(self) -> EvidenceLink:
        found: EvidenceLink = EvidenceLink.objects.select_related("evidence").get(
            public_id=self.kwargs["public_id"]
        )
        return found

    def taken_out(self, row: Any) -> HttpResponse:
        messages.success(self.request, _("已取消关联「%(row)s」。") % {"row": row.object_label})
        return HttpResponseRedirect(self.list_url)
