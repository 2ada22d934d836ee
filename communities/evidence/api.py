"""Evidence over REST: filed in parts, read with its files, linked to records."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from communities.actions import evidence
from communities.base import actions, wording
from communities.base.api import refuse, refuse_unknown
from communities.base.entry.api import EntryViewSet, as_answers
from communities.base.entry.bodies import entered, opened
from communities.base.files_api import FileRenderer, WithFiles
from communities.base.paging import Order
from communities.evidence import filters, forms, serializers, views
from communities.models import Evidence, EvidenceLink


class EvidenceViewSet(WithFiles, EntryViewSet):
    """Files that prove something, with the place and the day that they are of."""

    entry = forms.EvidenceForm

    queryset = Evidence.objects.noted().select_related("division", "stored").defer("division__search")
    filterset_class = filters.EvidenceFilterSet
    serializer_class = serializers.EvidenceSerializer
    detail_serializer_class = serializers.EvidenceDetailSerializer
    orders = {
        "taken_on": Order("taken_on", descending=True, parse=dt.date.fromisoformat),
        "place": Order("division__path_now"),
        "expires_on": Order("expires_on", nullable=True, parse=dt.date.fromisoformat),
    }
    # Each has a file of its own: they are filed one by one.
    bulk: Any = None

    @extend_schema(
        request={"multipart/form-data": serializers.EvidenceUploadSerializer},
        responses={201: serializers.EvidenceDetailSerializer},
    )
    def create(self, request: Request) -> Response:
        """File something, and link it to ``thing`` at once where one is given."""
        refuse_unknown(request.query_params, ())
        sent = request.data.dict() if hasattr(request.data, "dict") else request.data
        body, reason, wrong = opened(sent)
        file, named = body.pop("file", None), body.pop("thing", "")
        if not hasattr(file, "chunks"):
            wrong = wrong | {"file": [ErrorDetail(str(wording.FILE), "required")]}
        form = entered(forms.UploadForm, body, user=request.user, wrong=wrong)
        thing = self.thing(named) if named else None
        with as_answers(forms.UploadForm):
            row = evidence.file_evidence(
                file, form.instance, name=file.name or "", by=request.user, thing=thing, reason=reason
            )
        answer = self.told_of(row, status.HTTP_201_CREATED)
        answer["Location"] = f"{request.path}{answer.data['id']}/"
        return answer

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[FileRenderer])
    def file(self, request: Request, public_id: Any) -> FileResponse:
        """The file as it was given, of the type that ``media_type`` says."""
        return views.file_answer(self.asked(request, public_id))

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[FileRenderer])
    def thumbnail(self, request: Request, public_id: Any) -> FileResponse:
        """The small picture; 404 for what is no picture."""
        return views.thumbnail_answer(self.asked(request, public_id))

    @extend_schema(request=serializers.ThingSerializer, responses=serializers.EvidenceDetailSerializer)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, public_id: Any) -> Response:
        """Say that it is evidence for a record."""
        row, thing, reason = self.pair(request, public_id)
        with as_answers(self.entry):
            evidence.link_evidence(row, thing, by=request.user, reason=reason)
        return self.told_of(row, status.HTTP_200_OK)

    @extend_schema(request=serializers.ThingSerializer, responses=serializers.EvidenceDetailSerializer)
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, public_id: Any) -> Response:
        """Take a link back; ``reason`` says why."""
        row, thing, reason = self.pair(request, public_id)
        found = EvidenceLink.objects.live().to(thing).filter(evidence=row).first()
        if found is None:
            raise refuse("thing", _("这份材料没有关联到该记录。"), "not_linked")
        with as_answers(self.entry):
            actions.remove(found, by=request.user, reason=reason, needs=self.entry.action)
        return self.told_of(row, status.HTTP_200_OK)

    def asked(self, request: Request, public_id: Any) -> Evidence:
        """Raises NotFound."""
        refuse_unknown(request.query_params, ())
        rows: QuerySet[Evidence] = self.get_queryset()
        row = rows.filter(public_id=public_id).first()
        if row is None:
            raise NotFound
        return row

    def pair(self, request: Request, public_id: Any) -> tuple[Evidence, Any, str]:
        """The evidence and the record, both the caller's to write, and why. Raises NotFound, ValidationError."""
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        sent = serializers.ThingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return row, self.thing(sent.validated_data["thing"]), sent.validated_data["reason"]

    def thing(self, text: Any) -> Any:
        """Raises ValidationError for what is not there, or not the caller's to write."""
        try:
            return evidence.thing_named(str(text), self.request.user)
        except ObjectDoesNotExist as error:
            found = [ErrorDetail(_("没有找到所指的对象。"), "unknown")]
            raise ValidationError({"thing": found}) from error
