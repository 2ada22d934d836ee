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
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from communities.base import actions
from communities.base.api import RegisterViewSet, refuse_unknown
from communities.base.entry import bulk
from communities.base.entry.bodies import Told, entered, opened, refused, unknown_in
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
        body, reason, wrong = self.body_sent(request)
        form = entered(self.entry, body, user=request.user, wrong=wrong)
        answer = self.told_of(self.saved(form, reason), status.HTTP_201_CREATED)
        answer["Location"] = f"{request.path}{answer.data['id']}/"
        return answer

    def partial_update(self, request: Request, public_id: Any) -> Response:
        """The fields that are given; the others stay as they are."""
        row = self.row_to_write(public_id)
        body, reason, wrong = self.body_sent(request)
        row.version = version_asked(request, row)
        form = entered(self.entry, body, user=request.user, row=row, wrong=wrong)
        return self.told_of(self.saved(form, reason), status.HTTP_200_OK)

    def destroy(self, request: Request, public_id: Any) -> Response:
        """Take a row out of the register; ``reason`` says why."""
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        body, reason, wrong = opened(request.data or {})
        if wrong := unknown_in(body, ()) | wrong:
            raise ValidationError(wrong)
        row.version = version_asked(request, row)
        with as_answers(self.entry):
            actions.remove(row, by=request.user, reason=reason, needs=self.entry.action)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Create and change up to 100 rows as one act: all or none.

        A row without ``id`` is new, one with ``id`` and the ``version`` that was read is changed.
        """
        refuse_unknown(request.query_params, ())
        body, reason, wrong = opened(request.data)
        wrong = unknown_in(body, {"rows"}) | wrong
        rows = bulk.written(self.entry, body.get("rows"), user=request.user, reason=reason, wrong=wrong)
        return Response({"results": self.shown(rows)})

    def body_sent(self, request: Request) -> tuple[dict[str, Any], str, Told]:
        """The fields of one row, why, and what is wrong with that. Raises ValidationError."""
        refuse_unknown(request.query_params, ())
        return opened(request.data)

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
