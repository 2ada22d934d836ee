"""The API's door to ``actions``: the same entry forms as the pages, spoken to in JSON.

Rows are written with the version that was read: ``If-Match`` carries the ``ETag`` of the last answer. Without it a
change is refused (428), with an old one too (412). Many rows at once carry their versions in the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from communities.base import actions
from communities.base.api import RegisterViewSet, refuse_unknown
from communities.base.entry import bulk
from communities.base.entry.bodies import body_of, entered, names_of, reason_of, refused
from communities.base.entry.conditions import PreconditionFailed, version_asked
from communities.base.entry.forms import EntryForm
from communities.base.models import Row
from communities.base.roles import Action


class EntryViewSet(RegisterViewSet):
    """A register that is read and written. ``entry`` is its form; reading stays what it is."""

    entry: ClassVar[type[EntryForm]]
    http_method_names = ("get", "head", "post", "patch", "delete")

    def needed(self, request: Request) -> tuple[Action, ...]:
        """Writing asks for the form's action."""
        return (self.entry.action,) if request.method not in {"GET", "HEAD"} else (self.action_to_read,)

    def create(self, request: Request) -> Response:
        """A new row."""
        body = self.body_sent(request)
        reason = reason_of(body)
        form = entered(self.entry, body, user=request.user)
        answer = self.told_of(self.saved(form, reason), status.HTTP_201_CREATED)
        answer["Location"] = f"{request.path}{answer.data['id']}/"
        return answer

    def partial_update(self, request: Request, public_id: Any) -> Response:
        """The fields that are given; the others stay as they are."""
        row = self.row_to_write(public_id)
        body = self.body_sent(request)
        reason = reason_of(body)
        row.version = version_asked(request, row)
        form = entered(self.entry, body, user=request.user, row=row)
        return self.told_of(self.saved(form, reason), status.HTTP_200_OK)

    def destroy(self, request: Request, public_id: Any) -> Response:
        """Take a row out of the register; ``reason`` says why."""
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        body = body_of(request.data or {}, {"reason"})
        row.version = version_asked(request, row)
        with as_answers(self.entry):
            actions.remove(row, by=request.user, reason=reason_of(body), needs=self.entry.action)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Create and change up to 100 rows as one act: all or none.

        A row without ``id`` is new, one with ``id`` and the ``version`` that was read is changed.
        """
        refuse_unknown(request.query_params, ())
        body = body_of(request.data, {"rows", "reason"})
        reason = reason_of(body)
        rows = bulk.written(self.entry, bulk.rows_of(body), user=request.user, reason=reason)
        return Response({"results": self.shown(rows)})

    def body_sent(self, request: Request) -> dict[str, Any]:
        """The fields of one row, and why. Raises ValidationError."""
        refuse_unknown(request.query_params, ())
        return body_of(request.data, names_of(self.entry) | {"reason"})

    def row_to_write(self, public_id: Any) -> Any:
        """Raises NotFound for a row that one may not write, whether it exists or not."""
        model: Any = self.entry._meta.model
        row = (
            model.objects.visible_to(self.request.user, self.entry.action)
            .live()
            .filter(public_id=public_id)
            .first()
        )
        if row is None:
            raise NotFound
        return row

    def saved(self, form: EntryForm, reason: str) -> Row:
        """Raises ValidationError, PreconditionFailed."""
        with as_answers(self.entry):
            return actions.save(form.instance, by=self.request.user, reason=reason, needs=self.entry.action)

    def told_of(self, row: Row, code: int) -> Response:
        """The row as it now reads, with its ETag."""
        data = self.shown([row])[0]
        return Response(data, status=code, headers={"ETag": f'"{data["version"]}"'})

    def shown(self, rows: Sequence[Row]) -> list[Any]:
        """Rows that were written, as their own addresses would tell them, in the order of the call."""
        queryset = self.get_queryset().prefetch_related(*self.detail_related)
        stored = queryset.in_bulk([row.pk for row in rows])
        self.dress(list(stored.values()))
        serializer_class: Any = self.detail_serializer_class or self.serializer_class
        context = self.get_serializer_context()
        return [serializer_class(stored[row.pk], context=context).data for row in rows]


@contextmanager
def as_answers(entry: type[EntryForm]) -> Iterator[None]:
    """What an action raises, as the API says it."""
    try:
        yield
    except actions.StaleVersion as error:
        raise PreconditionFailed from error
    except Invalid as error:
        raise refused(entry, error) from error
