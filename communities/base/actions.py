"""The one door for writing rows: rules, lock, scope, change record and dirty marks in one transaction.

:func:`save` writes one row, :func:`save_all` many as one act, all or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.models import Parts, Row, is_same, take_turn
from communities.base.parking import park
from communities.base.records import UNRECORDED, mark_dirty, record_change, same_relations
from communities.base.roles import Action

# Writers of several rows may wait for each other in a ring; the database ends one of them, who begins again.
DEADLOCK = "40P01"
TRIES = 6


class StaleVersion(Exception):
    """Somebody else wrote the row since it was read; ``stored`` is the row as it stands."""

    def __init__(self, stored: Row) -> None:
        super().__init__(f"{stored} was changed meanwhile")
        self.stored = stored


class OutOfScope(PermissionDenied):
    """The row lies, or would come to lie, outside the writer's places."""


class RowsRefused(Exception):
    """Nothing was written. ``errors`` tells, by position in the call, what is wrong with which rows."""

    def __init__(self, errors: dict[int, ValidationError | StaleVersion | OutOfScope]) -> None:
        super().__init__(f"rows {sorted(errors)} are refused")
        self.errors = errors


def save(
    row: Row,
    *,
    by: Any,
    reason: str = "",
    act: uuid.UUID | None = None,
    needs: Action = Action.EDIT_REGISTERS,
) -> Row:
    """Create or change one row and leave a change record, dirty marks and a wake-up.

    ``by`` is the user who writes (None: the system itself, which has no scope); ``needs`` the action that the
    user must hold at the row's place. ``row.version`` must be the version that was read. A row in which nothing
    differs is left as it stands, with its version, as an import leaves it.

    Raises ValidationError (row rules and constraints, messages for people), StaleVersion, OutOfScope.
    """
    act = act or uuid.uuid4()
    _done([row], lambda: _write(row, by=by, reason=reason, act=act, needs=needs))
    return row


def save_all(
    rows: Sequence[Row], *, by: Any, reason: str = "", needs: Action = Action.EDIT_REGISTERS
) -> list[Row]:
    """Create and change many rows as one act: all of them, or none.

    Each row is treated as by :func:`save`; one that exists brings the version that was read. All change records
    carry the same ``act``. Every row is tried, so that all that is wrong is told at once.

    Raises RowsRefused.
    """
    act = uuid.uuid4()

    def write_each() -> None:
        errors: dict[int, Any] = {}
        _lock(rows)
        for position, row in enumerate(rows):
            try:
                with transaction.atomic():
                    _write(row, by=by, reason=reason, act=act, needs=needs)
            except (ValidationError, StaleVersion, OutOfScope) as error:
                errors[position] = error
            except IntegrityError as error:
                errors[position] = _violated(error, [row])
            except DataError as error:
                errors[position] = _senseless(error, row)
        if errors:
            raise RowsRefused(errors)

    _done(rows, write_each)
    return list(rows)


def _lock(rows: Iterable[Row]) -> None:
    """Lock the rows that exist in one order, whatever that of the call: two calls never wait in a ring."""
    existing = sorted((row for row in rows if row.pk is not None), key=lambda row: (row._meta.label, row.pk))
    for _label, of_model in groupby(existing, key=lambda row: row._meta.label):
        group = list(of_model)
        manager = type(group[0])._default_manager
        keys = manager.order_by("pk").filter(pk__in=[row.pk for row in group])
        list(keys.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _done(rows: Sequence[Row], write: Callable[[], None]) -> None:
    """Do ``write`` in a transaction. When it fails nothing was written, and the rows may be mended and tried again.

    Raises what it raises, and ValidationError for a rule that only the database could see broken.
    """
    every = [*rows, *(part for row in rows for parts in row.parts for part in (*parts.kept, *parts.gone))]
    before = [(row, row.pk, row.version, row._state.adding) for row in every]
    for again in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                if again < TRIES - 1:
                    # Those who begin again do so one after the other, or they would only meet in the next ring.
                    take_turn("save again")
                write()
        except BaseException as error:
            for row, pk, version, adding in before:
                row.pk, row.version, row._state.adding = pk, version, adding
            if isinstance(error, IntegrityError):
                raise _violated(error, every, named={type(row) for row in rows}) from error
            if not again or not _is_deadlock(error):
                raise
        else:
            return


def _is_deadlock(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and getattr(error.__cause__, "pgcode", "") == DEADLOCK


def _violated(
    error: IntegrityError, rows: Iterable[Row], *, named: Collection[type[Row]] | None = None
) -> ValidationError:
    """A constraint that held when it was looked at, and no longer when the row was written, in people's words.

    It is told at its field, for models in ``named`` only where others stand beside them.
    """
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    kinds = {type(row) for row in rows}
    told_at = named or kinds
    for model in sorted(kinds, key=lambda kind: kind not in told_at):
        where = model.constraint_fields.get(name) if model in told_at else None
        if name in model.trigger_messages:
            found = ValidationError(model.trigger_messages[name])
            return ValidationError({where: found}) if where else found
        for constraint in model._meta.constraints:
            if constraint.name == name:
                code = constraint.violation_error_code
                found = ValidationError(constraint.get_violation_error_message(), code=code)
                return ValidationError({where: found}) if where else found
    raise error


def _senseless(error: DataError, row: Row) -> ValidationError:
    """Values of which the database can make no generated column (a time that ends before it begins).

    It fails before any constraint is looked at; the constraints have the words for it.
    """
    try:
        row.validate_constraints()
    except ValidationError as found:
        return found
    raise error


def remove(row: Row, *, by: Any, reason: str, needs: Action = Action.EDIT_REGISTERS) -> Row:
    """Take a row out of the register. It stays, with who, when and why, and can be brought back.

    Raises ValidationError without a reason or while other rows rest on it, StaleVersion, OutOfScope.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("请填写删除原因。")})
    return _mark_deleted(row, by=by, reason=reason.strip(), needs=needs, deleted=True)


def bring_back(row: Row, *, by: Any, reason: str = "", needs: Action = Action.EDIT_REGISTERS) -> Row:
    """Undo :func:`remove`.

    Raises ValidationError where a live row has taken its place, StaleVersion, OutOfScope.
    """
    return _mark_deleted(row, by=by, reason=reason.strip(), needs=needs, deleted=False)


def _mark_deleted(
    row: Row, *, by: Any, reason: str, needs: Action, deleted: bool, act: uuid.UUID | None = None
) -> Row:
    version = row.version
    with transaction.atomic():
        stored = _locked(row)
        if stored.version != version or (stored.deleted_at is not None) == deleted:
            raise StaleVersion(stored)
        require_scope(stored, by, needs)
        if deleted:
            stored.check_removal()
            if uses := list(uses_of(stored)):
                raise ValidationError(_in_use(uses), code="in_use")
        else:
            act = act or uuid.uuid4()
            _bring_parts_back(row, by=by, reason=reason, needs=needs, act=act)
            _require_named(row)
        row.deleted_at = timezone.now() if deleted else None
        row.deleted_by, row.deleted_reason = (by, reason) if deleted else (None, "")
        row.version = version + 1
        if not deleted:
            row.full_clean()
            row.check_beside()
        row.save()
        row.refresh_from_db()
        verb = "delete" if deleted else "restore"
        record_change(row, stored, by=by, reason=reason, act=act or uuid.uuid4(), verb=verb)
        mark_dirty(row, stored)
    return row


def _bring_parts_back(row: Row, *, by: Any, reason: str, needs: Action, act: uuid.UUID) -> None:
    """A clause that was taken out of its document comes back with what rests on it: it has no page of its own."""
    for named in list(_removed_named(row)):
        whole = getattr(named, named.part_of) if named.part_of else None
        if whole is None or _locked(whole).deleted_at is not None:
            continue
        try:
            _mark_deleted(named, by=by, reason=reason, needs=needs, deleted=False, act=act)
        except ValidationError as error:
            told = {"kind": named._meta.verbose_name, "row": named, "why": " ".join(error.messages)}
            raise ValidationError(_("%(kind)s「%(row)s」不能一同恢复：%(why)s") % told) from error


def _require_named(row: Row) -> None:
    """Raises ValidationError where a row that comes back would point to one that is removed itself."""
    missing = [f"{each._meta.verbose_name}「{each}」" for each in _removed_named(row)]
    if missing:
        told = _("它所属或所指的%(rows)s已删除，请先恢复。") % {"rows": "、".join(missing)}
        raise ValidationError(told, code="removed")


def _removed_named(row: Row) -> Iterator[Row]:
    """Held, so that none is removed meanwhile; of a part the whole as well."""
    for field in row._meta.concrete_fields:
        named = getattr(row, field.name) if field.is_relation and field.name != "deleted_by" else None
        if not isinstance(named, Row):
            continue
        named = _locked(named)
        if named.deleted_at is not None:
            yield named
        elif named.part_of:
            yield from _removed_named(named)


@dataclass(frozen=True)
class Use:
    """Rows of one kind that rest on another row."""

    name: Any
    number: int
    rows: list[Any]


USES_NAMED = 5


def uses_of(row: Row) -> Iterator[Use]:
    """What keeps a row from being removed: live rows that point to it or to a part of it, and are no mere parts."""
    return _uses_of([row])


def _uses_of(targets: Sequence[Row]) -> Iterator[Use]:
    for relation in targets[0]._meta.related_objects:
        model: Any = relation.related_model
        if not issubclass(model, Row) or relation.field.name == "deleted_by":
            continue
        rows = model._default_manager.filter(
            **{f"{relation.field.name}__in": targets}, deleted_at__isnull=True
        )
        if relation.field.name == model.part_of:
            parts = list(rows)
            yield from _uses_of(parts) if parts else ()
            continue
        found = list(rows[: USES_NAMED + 1])
        if found:
            number = len(found) if len(found) <= USES_NAMED else rows.count()
            yield Use(model._meta.verbose_name, number, found[:USES_NAMED])


def _in_use(uses: list[Use]) -> str:
    said = "、".join(f"{use.name} {use.number} 条" for use in uses)
    return _("还有%(uses)s与它相关，请先处理这些记录。") % {"uses": said}


def _locked(row: Row) -> Row:
    """The row as it stands, held until the transaction ends; rows that point to it may be written meanwhile."""
    return with_names(row).select_for_update(of=("self",), no_key=True).get(pk=row.pk)


def with_names(row: Row) -> Any:
    """Rows of the kind with the rows that they name: what a change record says of a row, read at once."""
    kind = type(row)
    named = [field.name for field in kind._meta.concrete_fields if field.is_relation]
    return kind._default_manager.select_related(*named)


def _write(
    row: Row,
    *,
    by: Any,
    reason: str,
    act: uuid.UUID,
    needs: Action,
    last: bool = True,
    parked: bool = False,
) -> None:
    """``last``: no part of the same thing follows, so that rules across rows must hold by now."""
    stored = None
    if row.pk is not None:
        stored = _locked(row)
        if parked:
            stored.deleted_at = None
        if stored.version != row.version:
            raise StaleVersion(stored)
        require_scope(stored, by, needs)
        row.version += 1
    # Constraints are the database's to judge: asking it for each beforehand would cost three statements apiece,
    # and the answer could be old by the time of the write. What a row points to already is there.
    row.full_clean(exclude={"public_id", *same_relations(row, stored)}, validate_constraints=False)
    if stored is not None and _is_unchanged(row, stored):
        row.version = stored.version
        return
    row.check_beside()
    row.save()
    row.refresh_from_db(from_queryset=with_names(row))
    settle_placement(row, stored)
    require_scope(row, by, needs)
    record_change(row, stored, by=by, reason=reason, act=act)
    mark_dirty(row, stored)
    for parts in row.parts:
        _write_parts(row, parts, by=by, reason=reason, act=act, needs=needs)
    if last:
        _check_now()


def _is_unchanged(row: Row, stored: Row) -> bool:
    """Whether neither the row nor a part of it differs from what stands: nothing to write or to record."""
    own = (
        field for field in row._meta.concrete_fields if field.name not in UNRECORDED and not field.generated
    )
    return all(
        is_same(field.value_from_object(row), field.value_from_object(stored)) for field in own
    ) and all(
        not parts.gone and all(part.pk in parts.untouched for part in parts.kept) for parts in row.parts
    )


def _write_parts(row: Row, parts: Parts, *, by: Any, reason: str, act: uuid.UUID, needs: Action) -> None:
    """What was taken out first, so that its place is free. Raises ValidationError by ``name.position.field``."""
    for part in parts.gone:
        _mark_deleted(part, by=by, reason=reason, needs=needs, deleted=True, act=act)
    parked = park(parts)
    errors: dict[str, Any] = {}
    for position, part in enumerate(parts.kept):
        if part.pk is not None and part.pk in parts.untouched:
            continue
        setattr(part, part.part_of, row)
        try:
            with transaction.atomic():
                is_parked = part.pk in parked
                _write(part, by=by, reason=reason, act=act, needs=needs, last=False, parked=is_parked)
        except (ValidationError, IntegrityError) as error:
            wrong = _violated(error, [part]) if isinstance(error, IntegrityError) else error
            for name, found in errors_by_field(wrong).items():
                errors[f"{parts.name}.{position}.{name}"] = found
    if errors:
        raise ValidationError(errors)


def errors_by_field(error: ValidationError) -> dict[str, list[ValidationError]]:
    """Those of no field under Django's name for them."""
    return error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}


def _check_now() -> None:
    """Let rules that wait for the end of the transaction speak while the row at hand can still be named."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def require_scope(row: Row, by: Any, needs: Action) -> None:
    """Look the row up again in the writer's scope. Raises OutOfScope when it is not there."""
    if by is None:
        return
    rows: Any = type(row)._default_manager
    visible = rows.visible_to(by, needs)
    if not visible.filter(pk=row.pk).exists():
        raise OutOfScope(_("不在您的管辖范围内。"))


def settle_placement(row: Any, stored: Any) -> None:
    """Keep the placements of an enduring thing in step with ``division_now``.

    A new thing stands where it is entered, for all time. A wrong entry may be corrected while the thing has
    never moved; once it has, only an event of its places moves it again.
    """
    if not hasattr(row, "placements"):
        return
    if stored is None:
        row.placements.create(division_id=row.division_now_id, valid=(None, None))
    elif stored.division_now_id != row.division_now_id:
        if row.placements.count() != 1:
            raise ValidationError({"division_now": _("曾随区划变更迁移，所在社区只能由区划变更调整。")})
        row.placements.update(division_id=row.division_now_id)
