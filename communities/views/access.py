"""Who may do what, and what was done: organisations, users, roles, change and sign-in records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from communities import filters, tables
from communities.base.changes import changes_in
from communities.base.detail import DetailPage, Part
from communities.base.roles import ROLES, Action
from communities.base.views import ListPage
from communities.models import ChangeRecord, Organisation, RoleAssignment, SignInRecord, User


class OrganisationList(ListPage):
    model = Organisation
    action = Action.MANAGE_ACCOUNTS
    table_class = tables.OrganisationTable
    filterset_class = filters.OrganisationFilterSet
    default_order = "division"
    related = ("division",)
    purpose = _("这里列出有人使用本平台的机构。")


class OrganisationDetail(DetailPage):
    model = Organisation
    action = Action.MANAGE_ACCOUNTS
    related = ("division",)
    shows_history = False  # who changed accounts is for the auditor
    groups = ((_("机构"), ("kind", "division")),)

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("用户"),
            tables.UserTable,
            self.row.users.live().order_by("username"),
            columns=("username", "name", "is_active", "expires_on", "last_login"),
            empty=_("没有用户。"),
        )


class UserList(ListPage):
    model = User
    action = Action.MANAGE_ACCOUNTS
    table_class = tables.UserTable
    filterset_class = filters.UserFilterSet
    default_order = "username"
    related = ("organisation",)
    purpose = _("这里列出所辖范围的账号。")


class UserDetail(DetailPage):
    """An account and the roles it holds."""

    model = User
    action = Action.MANAGE_ACCOUNTS
    related = ("organisation",)
    shows_history = False  # who changed accounts is for the auditor
    groups = ((_("账号"), ("username", "name", "organisation", "is_active", "expires_on", "last_login")),)

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("角色"),
            tables.RoleAssignmentTable,
            self.row.role_assignments.live().select_related("division").order_by("role", "pk"),
            columns=("title", "division", "valid"),
            empty=_("没有角色，登录后看不到任何内容。"),
        )


class RoleAssignmentList(ListPage):
    model = RoleAssignment
    action = Action.MANAGE_ROLES
    table_class = tables.RoleAssignmentTable
    filterset_class = filters.RoleAssignmentFilterSet
    default_order = "division"
    related = ("user", "division", "organisation")
    purpose = _("这里列出谁在哪个地区担任什么角色。")


class RoleAssignmentDetail(DetailPage):
    model = RoleAssignment
    action = Action.MANAGE_ROLES
    related = ("user", "division", "organisation")
    shows_history = False  # who changed accounts is for the auditor
    groups = ((_("授权"), ("user", "role", "allows", "division", "organisation", "valid")),)

    def heading(self) -> str:
        return f"{self.row.user} {self.row.get_role_display()}"

    def fact_user(self) -> tuple[Any, Any]:
        return _("用户"), f"{self.row.user.name}({self.row.user.username})"

    def fact_allows(self) -> tuple[Any, Any]:
        role = ROLES.get(self.row.role)
        return _("角色说明"), role.description if role else ""


class ChangeRecordList(ListPage):
    model = ChangeRecord
    action = Action.AUDIT
    table_class = tables.ChangeRecordTable
    filterset_class = filters.AuditFilterSet
    default_order = "-at"
    related = ("division",)
    purpose = _("每次新增、修改、删除都在这里留下记录，只能查看，不能修改。")

    def queryset(self) -> QuerySet[Any]:
        return audited(self.request.user)


def audited(user: Any) -> QuerySet[Any]:
    """Change records in the auditor's scope, and those that stand on no place."""
    spans = user.spans(Action.AUDIT)
    if not spans:
        return ChangeRecord.objects.none()
    visible = ChangeRecord.objects.visible_to(user, Action.AUDIT).values("pk")
    return ChangeRecord.objects.filter(Q(pk__in=visible) | Q(division__isnull=True))


class ChangeRecordDetail(DetailPage):
    """One act on one row: before and after, field by field."""

    model = ChangeRecord
    action = Action.AUDIT
    related = ("division",)
    shows_history = False
    template_name = "communities/change_record.html"
    groups = ((_("操作"), ("verb", "model", "user_name", "at", "reason", "act")),)

    def fact_model(self) -> tuple[Any, Any]:
        return _("对象类别"), tables.model_name(self.row.model)

    def fact_act(self) -> tuple[Any, Any]:
        url = f"{self.list_url}?act={self.row.act}"
        return _("同一操作"), format_html('<a href="{}">{}</a>', url, _("查看全部变更"))

    def heading(self) -> str:
        return str(self.row.object_label)

    def context(self) -> dict[str, Any]:
        return super().context() | {"changes": list(changes_in(self.row))}


class SignInRecordList(ListPage):
    model = SignInRecord
    action = Action.AUDIT
    table_class = tables.SignInRecordTable
    filterset_class = filters.SignInFilterSet
    default_order = "-at"
    purpose = _("每次登录、失败和退出都在这里留下记录。")
