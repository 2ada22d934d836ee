"""The workbooks of a register: its template, its rows, and what an import refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from communities.actions.imports.identities import identity_for
from communities.actions.imports.uploads import form_for, registers, target_of
from communities.base.entry.fields import RowField
from communities.base.entry.forms import EntryForm
from communities.base.querysets import today
from communities.base.workbooks.columns import Column, columns_of, heads_of, identity_of
from communities.base.workbooks.writing import Line, Workbook, end_of
from communities.choices import RowOutcome
from communities.models import Division, ImportBatch, ImportRow

PAGE = 2000


def write_template(file: IO[bytes], *, register: str, division: Division, by: Any) -> None:
    """An empty template of a register for a place, with the words that its columns take."""
    book, _columns = _book(file, registers()[register], division, by)
    book.write()


def write_register(
    file: IO[bytes], rows: QuerySet[Any], *, register: str, division: Division, by: Any
) -> None:
    """Rows of a register in its template: what comes back unchanged changes nothing."""
    entry = registers()[register]
    book, columns = _book(file, entry, division, by)
    book.write(_lines(rows, columns))


def write_refused(file: IO[bytes], batch: ImportBatch) -> None:
    """The refused rows of a batch as they were sent, each with its reasons, to be mended and sent again."""
    target = target_of(batch)
    book, columns = _book(file, type(target.form), batch.division, batch.requested_by)
    purpose = _(
        "以下各行没有入库。请按第一列的说明改正标红的单元格，保存后直接上传本文件。"
        "「原文件第几行」是您上传的文件中的行号；系统编号标红的，说明针对整行。"
    )
    book.write(_refused_lines(batch, target, columns), with_errors=True, purpose=purpose)


def _book(
    file: IO[bytes], entry: type[EntryForm], division: Division, by: Any
) -> tuple[Workbook, list[Column]]:
    form = form_for(entry, by, division)
    columns = columns_of(form)
    register = next(name for name, each in registers().items() if each is entry)
    title = str(entry._meta.model._meta.verbose_name_plural)
    book = Workbook(
        file,
        columns,
        title=title,
        place=str(division),
        identity=identity_for(register, division, columns),
        day=today(),
    )
    return book, columns


def _lines(rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[Line]:
    names = [str(column.attribute) for column in columns]
    for public_id, version, *values in rows.values_list("public_id", "version", *names).iterator(PAGE):
        yield Line(identity_of(public_id, version), values)


def _refused_lines(batch: ImportBatch, target: Any, columns: Sequence[Column]) -> Iterator[Line]:
    heads = heads_of(columns)
    at = {column.head: number for number, column in enumerate(columns)}
    refused = ImportRow.objects.filter(batch=batch, outcome=RowOutcome.REFUSED).order_by("line")
    for row in refused.iterator(PAGE):
        faults: dict[int | None, str] = {}
        # Rows that others are like are named by the lines of the file that was sent; here they stand elsewhere.
        told = [_("原文件第 %(line)d 行") % {"line": row.line}]
        for fault in row.errors or ():
            head, message = heads.get((fault["name"], fault.get("part"))), fault["message"]
            column = at[head] if head is not None else None
            faults[column] = f"{faults[column]}\n{message}" if column in faults else message
            told.append(message if column is None else f"{columns[column].column_name}：{message}")
        identity = _identity_to_send(row)
        values = _sent(row.texts, columns) if row.texts is not None else stored_values(row, target, columns)
        yield Line(identity, list(values), faults, "\n".join(told))


def _identity_to_send(row: ImportRow) -> str:
    """What the refused row says of itself: what could not be read as it was sent."""
    codes = {fault["code"]: fault["value"] for fault in row.errors or () if not fault["name"]}
    if "identity" in codes:
        return str(codes["identity"])
    if row.object_id is None:
        return ""
    return identity_of(row.object_id, row.object_version)


def _sent(texts: Sequence[Any], columns: Sequence[Column]) -> list[Any]:
    """Cells as they were sent; a number in the place of a name is a text like any other."""
    return [
        str(text) if isinstance(column.field, RowField) and text is not None else text
        for text, column in zip(texts, columns, strict=True)
    ]


def stored_values(row: ImportRow, target: Any, columns: Sequence[Column]) -> list[Any]:
    """The values of a staged row, column by column."""
    values = values_of_cells(row.cells, target)
    return [values[str(column.attribute)] for column in columns]


def shown_value(fault: dict[str, Any], row: ImportRow, target: Any, columns: Sequence[Column]) -> str:
    """What stands in the cells of which a fault speaks; one found by the register has not read them."""
    if fault["value"] or not fault["name"]:
        return str(fault["value"])
    own = [(at, column) for at, column in enumerate(columns) if column.attribute == fault["name"]]
    if row.texts is not None:
        texts = [row.texts[at] for at, _column in own]
    else:
        values = stored_values(row, target, columns)
        ends = ((values[at] if c.part is None else end_of(values[at], c.part), c) for at, c in own)
        texts = [_word(column, value) for value, column in ends if value is not None]
    return " ".join(str(text) for text in texts if text not in (None, ""))[:100]


def _word(column: Column, value: Any) -> str:
    return str(value) if isinstance(column.field, RowField) else str(column.field.shown(value))


def errors_of(rows: Iterable[ImportRow], batch: ImportBatch, form: EntryForm) -> Iterator[dict[str, Any]]:
    """Everything that is wrong, one line per fault: sheet, row, column, value, code and message."""
    target, columns = target_of(batch), columns_of(form)
    heads = heads_of(columns)
    for row in rows:
        for fault in row.errors or ():
            yield {
                "sheet": batch.sheet.get("name", ""),
                "row": row.line,
                "column": heads.get((fault["name"], fault.get("part")), ""),
                "value": shown_value(fault, row, target, columns),
                "code": fault["code"],
                "message": fault["message"],
            }


def values_of_cells(cells: Sequence[str | None], target: Any) -> dict[str, Any]:
    """Staged texts as values of the model's fields; rows that are named come as rows."""
    values: dict[str, Any] = {}
    for name, text in zip(target.names, cells, strict=True):
        field = target.model._meta.get_field(name)
        if text is None:
            values[name] = None
        elif field.is_relation:
            values[name] = _named(field.related_model, int(text), target)
        elif field.get_internal_type() == "BooleanField":
            values[name] = text == "t"
        elif hasattr(field, "range_type"):
            values[name] = _span(text, field)
        else:
            values[name] = field.to_python(text)
    return values


def _named(model: Any, key: int, target: Any) -> Any:
    """A row that cells name; each is read once."""
    remembered: dict[tuple[str, int], Any] = target.__dict__.setdefault("_named_rows", {})
    if (model._meta.label, key) not in remembered:
        remembered[model._meta.label, key] = model._default_manager.filter(pk=key).first()
    return remembered[model._meta.label, key]


def _span(text: str, field: Any) -> Any:
    lower, upper = text[1:-1].split(",")
    day = field.base_field.to_python
    return field.range_type(day(lower) if lower else None, day(upper) if upper else None)
