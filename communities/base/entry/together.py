"""Many rows changed together: the fields ticked get one value in all of them, as one act, or nothing is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.defaultfilters import date as date_text
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.base import actions, drafts
from communities.base.changes import spoken
from communities.base.entry.clashes import LONGEST, Clash
from communities.base.entry.fields import TruthField
from communities.base.entry.forms import EntryForm, Group
from communities.base.entry.pages import MOST_REASON, REASON, EntryPage, problems
from communities.base.models import Row
from communities.base.records import values_of
from communities.base.selection import Mark, list_query, marks_in, marks_sent
from communities.base.tables import detail_url
from communities.base.views import place_lines

# By which field a row stands on a place, whatever the register calls it.
PLACES = ("division_now", "division", "jurisdiction")
# So many places are named one by one; beyond them a street says how many.
PLACES_NAMED = 30
REFUSALS_SHOWN = 50
TOLD = re.compile(r"([0-9a-f-]{36}):(\d{1,9}):([a-z_,]{1,1000})", re.ASCII)


class TogetherForm(forms.Form):
    """One value for each ticked field of an entry form, read as on the page of a single row."""

    def __init__(self, entry: type[EntryForm], *, user: Any, data: Any = None) -> None:
        super().__init__(data)
        self.entry = entry
        source = entry(user=user)
        for name in entry.bulk_names():
            each = source.fields[name]
            each.initial = None
            each.widget.attrs["data-together"] = name
            if isinstance(each, TruthField):
                # A box that is not ticked would say no, where nobody said anything.
                words = [("", _("请选择")), ("true", _("是")), ("false", _("否"))]
                each.widget = forms.Select(choices=words, attrs={"data-together": name})
            self.fields[name] = each

    @property
    def ticked(self) -> list[str]:
        return [name for name in self.fields if f"ticked_{name}" in self.data]

    def entered(self, name: str) -> bool:
        """Whether anything stands in a field."""
        value = self.fields[name].widget.value_from_datadict(self.data, {}, name)
        return any(value) if isinstance(value, list | tuple) else bool(value)

    def clean(self) -> dict[str, Any]:
        """Only ticked fields count; one that was filled in and not ticked is asked about, not ignored."""
        cleaned = super().clean() or self.cleaned_data
        for name, each in self.fields.items():
            if name not in self.ticked:
                self.errors.pop(name, None)
                if self.entered(name):
                    said = _("填写了内容，但没有勾选。请勾选此项，或清空内容。")
                    self.add_error(name, ValidationError(said, code="not_ticked"))
            elif isinstance(each, TruthField) and not self.entered(name):
                self.add_error(name, ValidationError(each.error_messages["required"], code="required"))
        if not self.ticked and not self.errors:
            self.add_error(None, ValidationError(_("请至少勾选一个要修改的项目。"), code="nothing"))
        if not self.data.get(REASON, "").strip():
            self.add_error(None, ValidationError(_("请填写修改原因。"), code="reason"))
        return cleaned

    def leave_unjudged(self) -> None:
        """Show what was typed so far without saying what is wrong with it: nobody has sent it yet."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    def offered(self) -> Iterable[tuple[Group, list[tuple[forms.BoundField, bool]]]]:
        """The groups with their fields, and whether each is ticked."""
        for group in self.entry.groups:
            names = [name for name in group.names if name in self.fields]
            if names:
                yield group, [(self[name], name in self.ticked) for name in names]


@dataclass(frozen=True)
class PlaceCount:
    """How many of the rows stand on one place."""

    place: Any
    number: int


@dataclass
class Above:
    """The places directly below one line of ancestors."""

    line: str
    places: list[PlaceCount] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(each.number for each in self.places)


@dataclass(frozen=True)
class Reach:
    """How many rows would be changed, and where."""

    number: int
    where: str
    above: Sequence[Above]
    names_places: bool


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be changed, and why; where others wrote it, what they and this writer say."""

    row: Any
    url: str | None
    reasons: Sequence[str]
    clashes: Sequence[Clash] = ()


@dataclass(frozen=True)
class Told:
    """A clash that the page has shown: of which version of a row, and which of its fields."""

    public_id: str
    version: int
    names: frozenset[str]

    def __str__(self) -> str:
        return f"{self.public_id}:{self.version}:{','.join(sorted(self.names))}"


def told_in(texts: Iterable[str]) -> Iterator[Told]:
    """Clashes as a page sends them back; whatever else stands there is passed over."""
    for text in texts:
        if found := TOLD.fullmatch(text):
            yield Told(found[1], int(found[2]), frozenset(found[3].split(",")))


def reach_of(rows: Sequence[Any], place_field: str) -> Reach:
    """Counted by place. One query, whatever the number of rows."""
    places = {getattr(row, place_field).pk: getattr(row, place_field) for row in rows}
    numbers = Counter(getattr(row, place_field).pk for row in rows)
    lines = place_lines(places.values())
    above: dict[str, Above] = {}
    for place in sorted(places.values(), key=lambda each: each.path_now):
        line = lines.get(place.pk, "")
        above.setdefault(line, Above(line)).places.append(PlaceCount(place, numbers[place.pk]))
    named = len(places) <= PLACES_NAMED
    return Reach(len(rows), words_for(list(places.values()), len(above)), list(above.values()), named)


def words_for(places: Sequence[Any], above: int) -> str:
    """2 个街镇的 3 个社区."""
    levels = {place.level for place in places}
    if len(levels) != 1:
        return _("%(number)d 个地区") % {"number": len(places)}
    word = str(places[0].get_level_display()).removesuffix("级")
    known = dict(type(places[0])._meta.get_field("level").flatchoices)
    upper = str(known.get(levels.pop() - 1, "")).removesuffix("级")
    here = _("%(number)d 个%(level)s") % {"number": len(places), "level": word}
    if not upper:
        return here
    return _("%(above)d 个%(upper)s的 %(here)s") % {"above": above, "upper": upper, "here": here}


class TogetherPage(EntryPage):
    """Ticked rows of one register, and what shall be changed in all of them.

    A list sends ids; the page adds the versions that it read, and they come back with what is to be changed.
    """

    template_name = "entry/together.html"
    list_page: ClassVar[Any]

    @classmethod
    def beside(cls, list_page: Any, entry: type[EntryForm]) -> Any:
        """The page for one register."""
        known = {"entry": entry, "action": entry.action, "list_page": list_page}
        page: Any = type(f"{entry.__name__}{cls.__name__}", (cls,), known)
        return page.as_view()

    @property
    def code(self) -> str:
        """The draft of many rows is none of one row."""
        return f"{super().code}-bulk"

    def draft_url(self, row: Any = None) -> str:  # noqa: ARG002 - never of one row
        return reverse(f"{self.code}-draft") if self.entry.keeps_drafts else ""

    def get(self, request: HttpRequest) -> HttpResponse:
        draft = self.draft()
        if draft is None or "draft" not in request.GET:
            return self.asked([], draft=draft)
        typed = drafts.typed_in(draft)
        marks = marks_in(typed.getlist("row"))
        rows = self.as_shown(marks)
        form = TogetherForm(self.entry, user=request.user, data=typed)
        form.leave_unjudged()
        return self.asked(rows, form=form, lost=len(marks), typed=typed)

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("step") != "save":
            marks = marks_sent(request, self.list_page, self.action)
            return self.asked(self.rows_of(marks), lost=len(marks), draft=self.draft())
        skipped = {*request.POST.getlist("skip")}
        if "leave" in request.POST:
            skipped |= {*request.POST.getlist("refused")}
        marks = [mark for mark in marks_in(request.POST.getlist("row")) if mark.public_id not in skipped]
        rows = self.as_shown(marks)
        form = TogetherForm(self.entry, user=request.user, data=request.POST)
        known = {told.public_id: told for told in told_in(request.POST.getlist("told"))}
        lost = len(marks) - len(rows)
        if not form.is_valid() or lost or not rows:
            return self.asked(rows, form=form, lost=len(marks), status=422 if rows else 409)
        changed = [row for row in rows if differs(row, form)]
        for row in changed:
            told = known.get(str(row.public_id))
            if told is not None and told.names.issuperset(form.ticked):
                row.version = told.version
        try:
            reason = request.POST[REASON].strip()[:MOST_REASON]
            actions.save_all(changed, by=request.user, reason=reason, needs=self.action)
        except actions.RowsRefused as error:
            return self.refused(marks, form, changed, error)
        drafts.discard(request.user, self.code, None)
        return self.done(len(changed), len(rows) - len(changed))

    def refused(
        self, marks: Sequence[Mark], form: TogetherForm, changed: Sequence[Any], error: actions.RowsRefused
    ) -> HttpResponse:
        """Nothing was saved. Of a row whose clash is told the writer knows the ticked fields as they stand."""
        refusals = list(self.refusals(changed, error, form.ticked))
        told = [
            Told(str(each.stored.public_id), each.stored.version, frozenset(form.ticked))
            for _position, each in sorted(error.errors.items())[:REFUSALS_SHOWN]
            if isinstance(each, actions.StaleVersion)
        ]
        # What was written into the rows in memory is not what stands in the register.
        return self.asked(self.as_shown(marks), form=form, refusals=refusals, news=told, status=422)

    def done(self, changed: int, same: int) -> HttpResponse:
        """Back to the list; the script there forgets the rows that were ticked."""
        said = _("已修改 %(number)d 条。") % {"number": changed}
        if not changed:
            said = _("这 %(number)d 条原来就是这样，没有改动，未保存。") % {"number": same}
        elif same:
            said += _("另有 %(number)d 条原来就是这样，没有改动。") % {"number": same}
        key = f"{super().code}:{self.request.user.public_id}"  # type: ignore[union-attr]
        tell = messages.success if changed else messages.info
        tell(self.request, format_html('<span data-choosing-done="{}">{}</span>', key, said))
        return HttpResponseRedirect(self.back_url)

    @property
    def back_url(self) -> str:
        return self.list_url + list_query(self.request.POST.get("back", ""))

    @property
    def place_field(self) -> str:
        known = {each.name for each in self.model._meta.concrete_fields}
        return next(name for name in PLACES if name in known)

    def rows_of(self, marks: Sequence[Mark]) -> list[Any]:
        """The rows among them that the writer may write, by place. One query."""
        rows: QuerySet[Any] = self.model.objects.visible_to(self.request.user, self.action).live()
        related = {*self.list_page.related, self.place_field}
        found = rows.filter(public_id__in=[mark.public_id for mark in marks]).select_related(*related)
        return list(found.order_by(f"{self.place_field}__path_now", "pk"))

    def as_shown(self, marks: Sequence[Mark]) -> list[Any]:
        """The rows, each with the version that its writer was shown.

        However often the page comes back for another reason: what others wrote meanwhile is not written over.
        """
        versions = {mark.public_id: mark.version for mark in marks}
        rows = self.rows_of(marks)
        for row in rows:
            # A page always sends versions; whoever sends none has read none.
            row.version = versions[str(row.public_id)] or 0
        return rows

    def asked(
        self,
        rows: Sequence[Any],
        *,
        form: TogetherForm | None = None,
        lost: int = 0,
        refusals: Sequence[Refusal] = (),
        news: Sequence[Told] = (),
        typed: QueryDict | None = None,
        draft: Any = None,
        status: int = 200,
    ) -> HttpResponse:
        """The page. ``lost`` is how many rows were named, some of which may be gone or foreign."""
        sent = self.request.POST if typed is None else typed
        form = form or TogetherForm(self.entry, user=self.request.user)
        told = {each.public_id: each for each in (*told_in(sent.getlist("told")), *news)}
        return self.show(
            form,
            status=status,
            rows=rows,
            reach=reach_of(rows, self.place_field) if rows else None,
            lost=max(lost - len(rows), 0),
            refusals=refusals[:REFUSALS_SHOWN],
            refused=len(refusals),
            refused_ids=[refusal.row.public_id for refusal in refusals],
            rest=len(rows) - len(refusals),
            told_marks=[str(each) for each in told.values()],
            back=sent.get("back", ""),
            back_url=self.list_url + list_query(sent.get("back", "")),
            reason=sent.get(REASON, "").strip(),
            problems=list(self.told(form)),
            draft=draft,
            draft_url=self.draft_url(),
        )

    def told(self, form: TogetherForm) -> Iterable[tuple[str, Any, str]]:
        """What is wrong with the fields; the reason is a field of the page, not of the rows."""
        for where, label, message in problems(form):
            if not where and message == _("请填写修改原因。"):
                yield f"id_{REASON}", _("修改原因"), message
            else:
                yield where, label, message

    def refusals(
        self, rows: Sequence[Any], error: actions.RowsRefused, names: Sequence[str]
    ) -> Iterable[Refusal]:
        """The refused rows in the words of people. Two queries, whatever their number."""
        positions = sorted(error.errors)
        stored = self.rows_of([Mark(str(rows[position].public_id)) for position in positions])
        as_stored = {row.pk: row for row in stored}
        last = last_records(rows[position] for position in positions)
        for position in positions:
            row, wrong = as_stored.get(rows[position].pk, rows[position]), error.errors[position]
            told = list(clashes(rows[position], wrong, names))
            yield Refusal(row, detail_url(row), reasons(row, wrong, last.get(row.public_id)), told)


def differs(row: Any, form: TogetherForm) -> bool:
    """Put the values into a row; whether that makes it another one."""
    before = values_of(row)
    for name in form.ticked:
        model_field: Any = row._meta.get_field(name)
        model_field.save_form_data(row, form.cleaned_data[name])
    return values_of(row) != before


def clashes(entered: Row, error: Exception, names: Sequence[str]) -> Iterable[Clash]:
    """The ticked fields in which a row that others wrote differs from what was to be written into it."""
    if not isinstance(error, actions.StaleVersion) or error.stored.deleted_at is not None:
        return
    fields = {each.name: each for each in entered._meta.concrete_fields}
    but = [name for name in fields if name not in names]
    stands, wanted = values_of(error.stored, but), values_of(entered, but)
    for name in names:
        if stands[name] != wanted[name]:
            both = (spoken(each[name], fields[name], longest=LONGEST) for each in (stands, wanted))
            yield Clash(fields[name].verbose_name, *both)


def last_records(rows: Iterable[Row]) -> dict[Any, Any]:
    """The latest change record of each row, by its public id. One query."""
    records = apps.get_model("communities", "ChangeRecord").objects
    ids = [row.public_id for row in rows]
    if not ids:
        return {}
    found = records.filter(object_id__in=ids).order_by("object_id", "-pk").distinct("object_id")
    return {record.object_id: record for record in found}


CHANGED = gettext_lazy("打开本页之后，已被%(who)s于 %(when)s 修改。请核对；再次保存将以您填写的为准。")
REMOVED = gettext_lazy("打开本页之后，已被%(who)s于 %(when)s 删除。")


def reasons(row: Row, error: Exception, last: Any) -> list[str]:
    """Why one row cannot be changed: each with the field that it is about."""
    if isinstance(error, actions.StaleVersion):
        who = (last.user_name or _("系统")) if last is not None else _("他人")
        at = timezone.localtime(last.at if last is not None else row.updated_at)
        said = CHANGED if error.stored.deleted_at is None else REMOVED
        return [str(said) % {"who": f" {who} ", "when": date_text(at, "Y-m-d H:i")}]
    if not isinstance(error, ValidationError):
        return [_("不在您的管辖范围内。")]
    known = {each.name: each.verbose_name for each in row._meta.concrete_fields}
    return [
        f"{known[name]}：{message}" if name in known else message
        for name, listed in actions.errors_by_field(error).items()
        for each in listed
        for message in each.messages
    ]
