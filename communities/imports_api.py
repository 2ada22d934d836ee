"""Workbooks over the API: the same imports as in the browser, as jobs that another system asks after."""

from __future__ import annotations

import io
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from communities.actions import imports
from communities.base.api import ListViewSet, refuse, refuse_unknown
from communities.base.files_api import FileRenderer, WithFiles
from communities.base.filters import RegisterFilterSet
from communities.base.paging import Order
from communities.base.roles import Action
from communities.base.serializers import PlaceSerializer
from communities.base.tables import resource_of
from communities.base.wording import Asked
from communities.base.workbooks.writing import XLSX, download
from communities.choices import ImportMode, ImportState, RowOutcome
from communities.models import Division, ImportBatch

# The registers that take workbooks, as ``imports.resources`` names them once addresses are known.
RESOURCES = (
    "committees",
    "exemption-requests",
    "exemptions",
    "household-counts",
    "nil-statements",
    "premises",
)
MOST_ERRORS = 1000


class NotNow(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "not_ready"
    default_detail = gettext_lazy("这次导入不在待确认状态。")


class ImportErrorSerializer(serializers.Serializer):
    """One thing wrong with one row."""

    sheet = serializers.CharField(allow_blank=True)
    row = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True, help_text=gettext_lazy("模板中的表头；空表示整行"))
    value = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ImportCountsSerializer(serializers.Serializer):
    """Rows by outcome."""

    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class RefusalSerializer(serializers.Serializer):
    """Why a whole file was not taken."""

    code = serializers.CharField()
    message = serializers.CharField()


class RepeatsSerializer(serializers.Serializer):
    """An import of the same file that was written before."""

    id = serializers.UUIDField(source="public_id")
    created_at = serializers.DateTimeField()


class ImportSerializer(serializers.Serializer):
    """One upload; ``errors`` holds the first thousand."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    resource = serializers.SerializerMethodField()
    division = PlaceSerializer(read_only=True)
    file_name = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=ImportState.choices, read_only=True)
    is_interrupted = serializers.BooleanField(
        read_only=True, help_text=gettext_lazy("处理中断；系统会自动重新开始，无须再次上传")
    )
    mode = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField(help_text=gettext_lazy("整个文件被退回的原因"))
    repeats = RepeatsSerializer(
        read_only=True, allow_null=True, help_text=gettext_lazy("同一文件此前已入库的那一次导入")
    )
    created_at = serializers.DateTimeField(read_only=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def get_resource(self, batch: ImportBatch) -> str:
        """As every address calls it."""
        return resource_of(batch.register)

    def get_mode(self, batch: ImportBatch) -> str | None:
        """Null until it is confirmed."""
        return batch.mode or None

    @extend_schema_field(ImportCountsSerializer)
    def get_counts(self, batch: ImportBatch) -> dict[str, int]:
        """All four, zero before the check."""
        return {outcome: batch.count(outcome) for outcome in RowOutcome.values}

    @extend_schema_field(RefusalSerializer(allow_null=True))
    def get_refusal(self, batch: ImportBatch) -> dict[str, str] | None:
        """Code and message."""
        return (
            {"code": batch.refusal_code or batch.state, "message": batch.refusal} if batch.refusal else None
        )


class ImportDetailSerializer(ImportSerializer):
    errors = serializers.SerializerMethodField()  # type: ignore[assignment] # a field of this name
    errors_are_capped = serializers.SerializerMethodField()

    @extend_schema_field(ImportErrorSerializer(many=True))
    def get_errors(self, batch: ImportBatch) -> list[dict[str, Any]]:
        """What is wrong, row by row."""
        rows = batch.rows.filter(errors__isnull=False).order_by("line")
        form = imports.target_of(batch).form
        return list(islice(imports.errors_of(rows.iterator(), batch, form), MOST_ERRORS))

    def get_errors_are_capped(self, batch: ImportBatch) -> bool:
        """Whether there are more rows with errors than are listed; the error workbook has them all."""
        return batch.count(RowOutcome.REFUSED) > MOST_ERRORS


class UploadSerializer(Asked):
    resource = serializers.ChoiceField(choices=RESOURCES)
    division = serializers.UUIDField(help_text=gettext_lazy("地区；只导入它和下级的记录"))
    file = serializers.FileField(help_text=gettext_lazy(".xlsx 或 .csv"))


class TemplateSerializer(Asked):
    resource = serializers.ChoiceField(choices=RESOURCES)
    division = serializers.UUIDField()


class ConfirmSerializer(Asked):
    mode = serializers.ChoiceField(choices=ImportMode.choices)


class WorkbookRenderer(FileRenderer):
    media_type = XLSX
    format = "xlsx"


def registers_title(register: str) -> str:
    """The Chinese name of a register."""
    return str(imports.registers()[register]._meta.model._meta.verbose_name_plural)


class ImportFilterSet(RegisterFilterSet):
    """Nothing to filter by."""

    class Meta(RegisterFilterSet.Meta):
        model = ImportBatch
        fields: list[str] = []


class ImportViewSet(WithFiles, ListViewSet):
    """Uploads of one's own."""

    queryset = ImportBatch.objects.select_related("division", "job", "repeats")
    action_to_read = Action.EDIT_REGISTERS
    filterset_class = ImportFilterSet
    serializer_class = ImportSerializer
    orders = {"created_at": Order("pk", descending=True, parse=int)}
    http_method_names = ("get", "head", "post")
    lookup_field = "public_id"
    lookup_value_converter = "uuid"

    def batch(self, public_id: Any) -> ImportBatch:
        """Raises NotFound."""
        rows: QuerySet[ImportBatch] = self.get_queryset()
        found = rows.filter(public_id=public_id).first()
        if found is None:
            raise NotFound
        return found

    def place(self, public_id: Any, wanted: Action) -> Division:
        """A place where the user may write. Raises NotFound."""
        places = Division.objects.visible_to(self.request.user, wanted).filter(is_closed=False)
        found = places.filter(public_id=public_id).first()
        if found is None:
            raise NotFound
        return found

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={202: ImportDetailSerializer})
    def create(self, request: Request) -> Response:
        """Upload a file to be checked; the same file that still waits for its check is answered again."""
        refuse_unknown(request.query_params, ())
        asked = UploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        register = imports.resources()[asked.validated_data["resource"]]
        entry = imports.registers()[register]
        file = asked.validated_data["file"]
        try:
            batch = imports.upload(
                register=register,
                division=self.place(asked.validated_data["division"], entry.action),
                file=file,
                name=file.name,
                by=request.user,
            )
        except Invalid as error:
            raise refuse("file", error.messages[0], error.code or "invalid") from error
        answer = Response(ImportDetailSerializer(batch).data, status=status.HTTP_202_ACCEPTED)
        answer["Location"] = f"{request.path}{batch.public_id}/"
        return answer

    @extend_schema(responses=ImportDetailSerializer)
    def retrieve(self, request: Request, public_id: Any) -> Response:
        """How far it is, what would happen, what is wrong."""
        refuse_unknown(request.query_params, ())
        return Response(ImportDetailSerializer(self.batch(public_id)).data)

    @extend_schema(request=ConfirmSerializer, responses={202: ImportDetailSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, public_id: Any) -> Response:
        """Write the rows: all or nothing, or the good ones first."""
        refuse_unknown(request.query_params, ())
        asked = ConfirmSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            batch = imports.confirm(self.batch(public_id), mode=asked.validated_data["mode"], by=request.user)
        except Invalid as error:
            raise refuse("mode", error.messages[0], error.code or "invalid") from error
        except imports.NotReady as error:
            raise NotNow from error
        return Response(ImportDetailSerializer(batch).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    @action(
        detail=True,
        methods=["get"],
        url_path="error-workbook",
        renderer_classes=[WorkbookRenderer, JSONRenderer],
    )
    def error_workbook(self, request: Request, public_id: Any) -> FileResponse:
        """The refused rows with their reasons; 404 where there are none."""
        refuse_unknown(request.query_params, ())
        batch = self.batch(public_id)
        if not batch.count(RowOutcome.REFUSED) or not batch.file:
            raise NotFound
        file = io.BytesIO()
        imports.write_refused(file, batch)
        named = {
            "title": registers_title(batch.register),
            "place": batch.division,
            "day": f"{timezone.localdate(batch.created_at):%Y-%m-%d}",
        }
        return download(file, _("%(title)s退回(%(place)s %(day)s)") % named)

    @extend_schema(
        parameters=[
            OpenApiParameter("resource", OpenApiTypes.STR, enum=RESOURCES, required=True),
            OpenApiParameter("division", OpenApiTypes.UUID, required=True),
        ],
        responses={(200, XLSX): OpenApiTypes.BINARY},
    )
    @action(detail=False, methods=["get"], renderer_classes=[WorkbookRenderer, JSONRenderer])
    def template(self, request: Request) -> FileResponse:
        """The empty template of a register for a place."""
        refuse_unknown(request.query_params, {"resource", "division"})
        asked = TemplateSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        register = imports.resources()[asked.validated_data["resource"]]
        place = self.place(asked.validated_data["division"], imports.registers()[register].action)
        file = io.BytesIO()
        imports.write_template(file, register=register, division=place, by=request.user)
        title = registers_title(register)
        return download(file, _("%(title)s模板(%(place)s)") % {"title": title, "place": place})
