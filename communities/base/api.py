"""What every reading address of the API has in common: scope, filters, paging, errors, ETag.

A register states its queryset, filter set, serializer and orders, and nothing else. ``visible_to`` is called
here and only here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ParseError, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.pagination import BasePagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from communities.base import once
from communities.base.filters import UNKNOWN_PARAMETER, RegisterFilterSet
from communities.base.models import Row
from communities.base.paging import BadPosition, Order, Page, count_of, page_of, rows_of
from communities.base.roles import Action

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
# Parameters that every list reads itself.
LIST_PARAMETERS = frozenset({"after", "before", "page_size", "ordering"})
# Promised by the contract, not there yet: an answer without them would be wrong.
NOT_YET = ("reading", "snapshot")
MAX_BODY_BYTES = 1_000_000
MAX_JSON_DEPTH = 20


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = gettext_lazy("提交的内容过大。")
    default_code = "body_too_large"


def refuse(parameter: str, message: str, code: str) -> ValidationError:
    """A 400 about one parameter, in the one shape of errors."""
    return ValidationError({parameter[:50]: [ErrorDetail(message, code)]})


def refuse_unknown(parameters: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValidationError for a parameter that is not known here: ignoring it would mislead."""
    allowed = frozenset(known)
    refuse_not_yet(parameters)
    for name in parameters:
        if name not in allowed:
            raise refuse(name, _("不认识的参数。"), UNKNOWN_PARAMETER)


def refuse_not_yet(parameters: Iterable[str]) -> None:
    """Raises ValidationError for what the contract promises for later."""
    for name in NOT_YET:
        if name in parameters:
            raise refuse(name, _("此功能尚未提供。"), "not_available")


class HoldsAction(BasePermission):
    """Whether the user holds what the view needs anywhere; where, the scope of the rows says."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """False is 403 whatever was asked for, so it tells nothing about any row."""
        user: Any = request.user
        return any(user.may(action) for action in view.needed(request))


class RegisterFilterBackend(DjangoFilterBackend):
    """The filter set of a view; wrong parameters are 400, an id outside the scope 404."""

    filterset_base = RegisterFilterSet

    def get_filterset_kwargs(self, request: Request, queryset: QuerySet, view: Any) -> dict[str, Any]:
        """With the names that the list reads itself."""
        return {
            "data": request.query_params,
            "queryset": queryset,
            "request": request,
            "also": view.list_parameters,
        }

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        """The rows asked for."""
        refuse_not_yet(request.query_params)
        filterset = self.get_filterset(request, queryset, view)
        check(filterset)
        view.day = filterset.day
        return filterset.qs


def check(filterset: RegisterFilterSet) -> None:
    """Raises ValidationError or NotFound for parameters that do not hold."""
    if filterset.is_valid():
        return
    if filterset.names_unknown_row:
        raise NotFound
    found: dict[str, list[ErrorDetail]] = {}
    for name, errors in filterset.errors.as_data().items():
        for error in errors:
            attribute = str((error.params or {}).get("name", name)) if name == "__all__" else name
            found.setdefault(attribute, []).append(ErrorDetail(error.messages[0], error.code or "invalid"))
    raise ValidationError(found)


def page_size(request: Request) -> int:
    """Rows per page. Raises ValidationError beyond 1 to 200."""
    text = request.query_params.get("page_size")
    if text is None:
        return PAGE_SIZE
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise refuse("page_size", _("每页条数须为 1 至 %(max)d。") % {"max": MAX_PAGE_SIZE}, "invalid")
    return int(text)


class KeysetPagination(BasePagination):
    """``{results, next, previous, count, count_is_capped}``; the keys of a page are found before its rows."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page of rows."""
        self.request = request
        size = self.size(request, view)
        order = view.order_asked(request)
        asked = request.query_params
        if "after" in asked and "before" in asked:
            raise refuse("before", _("after 和 before 只能给一个。"), "invalid")
        try:
            self.page: Page = page_of(
                queryset, order, size, after=asked.get("after"), before=asked.get("before")
            )
        except BadPosition as error:
            parameter = "after" if "after" in asked else "before"
            raise refuse(parameter, _("翻页位置无效。"), "invalid_cursor") from error
        self.count = count_of(queryset)
        return rows_of(view.get_queryset(), self.page)

    def size(self, request: Request, view: Any) -> int:  # noqa: ARG002 - a list may page by something larger
        """Rows of one page."""
        return page_size(request)

    def get_paginated_response(self, data: Any) -> Response:
        """The envelope of every list."""
        return envelope(
            self.request,
            data,
            following=self.page.next,
            preceding=self.page.previous,
            count=self.count.number,
            is_capped=self.count.is_capped,
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        return envelope_schema(schema)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        return [
            parameter("after", "从此位置之后取一页(来自 next)"),
            parameter("before", "取此位置之前的一页(来自 previous)"),
            parameter(
                "page_size",
                "每页条数",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
            ),
            ordering_parameter(view.orders),
        ]


def envelope(
    request: Request,
    results: Any,
    *,
    following: str | None = None,
    preceding: str | None = None,
    count: int,
    is_capped: bool = False,
    **more: Any,
) -> Response:
    """A list as the contract says it; neighbours are whole addresses."""
    return Response(
        {
            "results": results,
            "next": neighbour(request, "after", following),
            "previous": neighbour(request, "before", preceding),
            "count": count,
            "count_is_capped": is_capped,
            **more,
        }
    )


def neighbour(request: Request, name: str, position: str | None) -> str | None:
    """The address of the same list at another position."""
    if position is None:
        return None
    query = request.query_params.copy()
    for other in ("after", "before"):
        query.pop(other, None)
    query[name] = position
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))


def envelope_schema(schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The OpenAPI form of the envelope."""
    address = {"type": "string", "format": "uri", "nullable": True}
    properties = {
        "results": {**schema},
        "next": address,
        "previous": address,
        "count": {"type": "integer", "description": "条数，最多数到 10,000"},
        "count_is_capped": {"type": "boolean"},
        **more,
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def parameter(name: str, description: str, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One query parameter of the OpenAPI document."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {**(schema or {"type": "string"})},
    }


def ordering_parameter(orders: Mapping[str, Order]) -> dict[str, Any]:
    """The allow-list of orders."""
    names = [sign + name for name in orders for sign in ("", "-")]
    return parameter("ordering", "排序", {"type": "string", "enum": names, "default": names[0]})


class StrictJSONParser(JSONParser):
    """JSON of bounded size and depth, and only text that the database can hold."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The body. Raises ParseError or BodyTooLarge."""
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            raise BodyTooLarge
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("内容嵌套过深。")) from error
        except ParseError as error:
            raise ParseError(said_of_json(error.__context__)) from error
        for text in texts(data):
            if "\x00" in text or any("\ud800" <= ch <= "\udfff" for ch in text):
                raise ParseError(_("内容含有无法保存的字符。"))
        return data


def said_of_json(error: BaseException | None) -> str:
    """Why a text is no JSON, and where it ceases to be."""
    if isinstance(error, json.JSONDecodeError):
        where = {"line": error.lineno, "column": error.colno}
        return _("提交的内容不是有效的 JSON：第 %(line)d 行第 %(column)d 个字符处有误。") % where
    if isinstance(error, UnicodeDecodeError):
        return _("提交的内容不是有效的 JSON：须以 UTF-8 编码。")
    return _("提交的内容不是有效的 JSON：含有 JSON 中没有的数。")


def texts(data: Any) -> Iterator[str]:
    """All strings of a JSON document, keys too. Raises ParseError when it is nested too deeply."""
    level: list[Any] = [data]
    for _depth in range(MAX_JSON_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, str):
                yield item
            elif isinstance(item, dict):
                deeper += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                deeper += item
        level = deeper
        if not level:
            return
    raise ParseError(_("内容嵌套过深。"))


class Address(APIView):
    """What all addresses of the API share: who may ask, and that no answer is stored on the way."""

    permission_classes: Sequence[Any] = (IsAuthenticated, HoldsAction)
    parser_classes: Sequence[Any] = (StrictJSONParser,)
    metadata_class = None
    # The action that reading asks for.
    action_to_read: ClassVar[Action] = Action.VIEW

    def needed(self, request: Request) -> tuple[Action, ...]:  # noqa: ARG002 - writing looks at the method
        """The actions of which the user must hold one."""
        return (self.action_to_read,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who may ask; then, a POST with a key is done once."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and hasattr(self, "post") and (key := once.key_of(request)):
            self.post: Any = once.answered_once(self, self.post, key)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers depend on who asks."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class ListViewSet(Address, ListModelMixin, GenericViewSet):
    """Rows in the user's scope, as a list.

    ``orders`` is the allow-list of orders, the first one the default. :meth:`dress` adds what a page of rows
    needs, in a fixed number of queries.
    """

    queryset: Any
    filter_backends = (RegisterFilterBackend,)
    pagination_class = KeysetPagination
    filterset_class: ClassVar[type[RegisterFilterSet]]
    orders: ClassVar[Mapping[str, Order]] = {}
    list_parameters = LIST_PARAMETERS
    http_method_names: Any = ("get", "head")

    # The day asked for; None for the present.
    day: dt.date | None = None

    def get_queryset(self) -> QuerySet:
        """The live rows in the user's scope: the one place where the API asks for it."""
        queryset: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        if issubclass(queryset.model, Row):
            queryset = queryset.live()
        return self.scoped(queryset)

    def scoped(self, queryset: Any) -> Any:
        """The rows on which the user may do what reading asks for."""
        return queryset.visible_to(self.request.user, self.action_to_read)

    def order_asked(self, request: Request) -> Order:
        """The order by its public name. Raises ValidationError for any other."""
        asked = request.query_params.get("ordering", next(iter(self.orders)))
        name = asked.removeprefix("-")
        if name not in self.orders or asked.startswith("--"):
            raise refuse("ordering", _("不支持按此排序。"), "invalid_choice")
        order = self.orders[name]
        return order.reversed() if asked.startswith("-") else order

    def paginate_queryset(self, queryset: Any) -> Any:
        """One page, with what its rows need."""
        rows = super().paginate_queryset(queryset)
        self.dress(rows or [])
        return rows

    def get_serializer_context(self) -> dict[str, Any]:
        """With the day asked for."""
        return {**super().get_serializer_context(), "day": self.day}

    def dress(self, rows: Sequence[Model]) -> None:
        """Attach what the rows of a page show besides their own columns."""


class RegisterViewSet(ListViewSet):
    """A register to read: list and detail. ``detail_serializer_class`` may show more than a row of the list."""

    detail_serializer_class: ClassVar[type[BaseSerializer] | None] = None
    # What only the detail shows: Prefetch objects.
    detail_related: ClassVar[Sequence[Any]] = ()
    lookup_field = "public_id"
    lookup_value_converter = "uuid"

    def retrieve(self, request: Request, public_id: Any) -> Response:
        """One row; ``as_of`` shows it as it was on that day, 404 where it was not there."""
        refuse_unknown(request.query_params, {"as_of"} & set(self.filterset_class.base_filters))
        rows = self.filter_queryset(self.get_queryset()).prefetch_related(*self.detail_related)
        row = rows.filter(public_id=public_id).first()
        if row is None:
            raise NotFound
        self.dress([row])
        serializer_class: Any = self.detail_serializer_class or self.serializer_class
        response = Response(serializer_class(row, context=self.get_serializer_context()).data)
        if self.day is None and hasattr(row, "version"):
            response["ETag"] = f'"{row.version}"'
        return response
