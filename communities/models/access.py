"""Who may do what, where: users, organisations, role assignments, tokens."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base import roles
from communities.base.models import Row, not_empty, unique_live
from communities.base.places import Span, ancestor_ids, outermost, within
from communities.base.querysets import DivisionScopedQuerySet, RowQuerySet, ScopedQuerySet, today, valid_on
from communities.base.roles import Action
from communities.choices import Level, OrganisationKind
from communities.models.divisions import Division

ROLE_CHOICES = [(code, role.name) for code, role in roles.ROLES.items()]


class OrganisationQuerySet(ScopedQuerySet):
    scope_path = "division__path_now"
    searched = ("name__icontains", "division__name_now__contains", "division__initials__startswith")
    searched_by = _("输入名称、地区或地区拼音首字母查找")


class Organisation(Row):
    """A body at a place (区民政局, 街道办) to which users belong."""

    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类别"), max_length=30, choices=OrganisationKind.choices)
    division = models.ForeignKey(
        Division, verbose_name=_("所在地"), on_delete=models.PROTECT, related_name="organisations"
    )

    constraint_fields = {"organisation_unique": "name"}

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        ordering = ["division__path_now", "name"]
        constraints = [
            unique_live("division", "name", name="organisation_unique", message=_("该地已有同名机构。"))
        ]

    def __str__(self) -> str:
        return self.name

    def affected_divisions(self) -> Iterable[int]:
        return ()

    def scope_division_id(self) -> int:
        return self.division_id


class UserQuerySet(RowQuerySet):
    searched = ("username__icontains", "name__icontains")
    searched_by = _("输入用户名或姓名查找")

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """Accounts of organisations in the user's places, and of people who hold a role there."""
        spans = user.spans(action or Action.MANAGE_ACCOUNTS)
        holders = RoleAssignment.objects.live().inside(spans).values("user")
        return self.filter(within("organisation__division__path_now", spans) | Q(pk__in=holders))

    def deciding_at(self, places: Iterable[int]) -> Self:
        """Those who may decide, today, by a role held at one of the places; by name."""
        posts = RoleAssignment.objects.live().filter(
            valid_on(today()), role__in=roles.roles_allowing(Action.APPROVE), division__in=set(places)
        )
        found = self.live().filter(pk__in=posts.values("user"), is_active=True)
        return found.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today())).order_by("name", "pk")

    def deciding_beside(self, user: User) -> Self:
        """Others who may decide at one of the places where the user does, or above it."""
        places = {place for _role, place, _kind in user.approval_posts()}
        paths = Division.objects.filter(pk__in=places).values_list("path_now", flat=True)
        return self.deciding_at(pk for path in paths for pk in ancestor_ids(path)).exclude(pk=user.pk)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username, deleted_at__isnull=True)


class User(AbstractBaseUser, Row):
    """A person or system with an account. There is no superuser: all rights come from assignments."""

    username = models.CharField(
        _("用户名"),
        max_length=50,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("该用户名已被使用。")},
    )
    name = models.CharField(_("姓名"), max_length=50)
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("机构"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
    )
    is_active = models.BooleanField(_("启用"), default=True)
    expires_on = models.DateField(_("账号有效期至"), null=True, blank=True)
    must_change_password = models.BooleanField(_("下次登录须改密码"), default=False)
    is_demo = models.BooleanField(_("演示账号"), default=False, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    personal_fields = frozenset({"name", "password"})

    # Set by token authentication: the one role whose rights the token carries.
    token_role: str | None = None

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def may_sign_in(self) -> bool:
        """Active, not deleted, not past its last day."""
        return (
            self.is_active
            and self.deleted_at is None
            and (self.expires_on is None or self.expires_on >= today())
        )

    def held_roles(self) -> list[tuple[str, str]]:
        """(role code, division path) of today's assignments. One query, kept on the instance."""
        cached: list[tuple[str, str]] | None = self.__dict__.get("_held_roles")
        if cached is None:
            cached = list(
                self.role_assignments.live()
                .filter(valid_on(today()))
                .values_list("role", "division__path_now")
            )
            self.__dict__["_held_roles"] = cached
        if self.token_role is not None:
            return [held for held in cached if held[0] == self.token_role]
        return cached

    def spans(self, action: Action) -> tuple[Span, ...]:
        """The ranges of places in which the user may do ``action``.

        ``COMPARE`` reaches up to the city in which the user holds the role (never beyond; a role above city
        level reaches its own place).
        """
        if not self.may_sign_in:
            return ()
        allowing = roles.roles_allowing(action)
        paths = [path for role, path in self.held_roles() if role in allowing]
        if action == Action.COMPARE and paths:
            paths = [self._city_path(path) for path in paths]
        return outermost(paths)

    def _city_path(self, path: str) -> str:
        cache: dict[str, str] = self.__dict__.setdefault("_city_paths", {})
        if path not in cache:
            city = (
                Division.objects.filter(pk__in=ancestor_ids(path), level=Level.CITY)
                .values_list("path_now", flat=True)
                .first()
            )
            cache[path] = city or path
        return cache[path]

    def approval_posts(self) -> list[tuple[str, int, str]]:
        """(role, place, kind of organisation) of today's roles that decide on what was submitted."""
        if not self.may_sign_in:
            return []
        deciding = roles.roles_allowing(Action.APPROVE)
        if self.token_role is not None:
            deciding &= {self.token_role}
        held = self.role_assignments.live().filter(valid_on(today()), role__in=deciding)
        kind = Coalesce("organisation__kind", "user__organisation__kind", models.Value(""))
        return list(held.order_by("pk").values_list("role", "division_id", kind))

    def may(self, action: Action) -> bool:
        """Whether the user holds a role that allows ``action`` anywhere: for menus and pages without a row."""
        return bool(self.spans(action))

    def home_path(self) -> str | None:
        """The place in whose name the user works first: the outermost place of the roles."""
        return min((path for _role, path in self.held_roles()), key=len, default=None)

    def record_label(self) -> str:
        return self.username

    def scope_division_id(self) -> int | None:
        return self.organisation.division_id if self.organisation else None


class RoleAssignmentQuerySet(DivisionScopedQuerySet):
    read_action = Action.MANAGE_ROLES


class RoleAssignment(Row):
    """User x role x division for a period; reaches every place below the division.

    The three administrators exclude one another by a constraint (三员分立).
    """

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.PROTECT, related_name="role_assignments"
    )
    role = models.CharField(_("角色"), max_length=40, choices=ROLE_CHOICES)
    division = models.ForeignKey(Division, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("机构"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    valid = DateRangeField(_("有效期"))

    constraint_fields = {
        "roleassignment_valid_not_empty": "valid",
        "roleassignment_no_overlap": "valid",
        "roleassignment_administrators_exclude": "role",
    }

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("角色授权")
        verbose_name_plural = _("角色授权")
        ordering = ["user", "role"]
        constraints = [
            not_empty("valid", "roleassignment_valid_not_empty"),
            ExclusionConstraint(
                name="roleassignment_no_overlap",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (F("division"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=Q(deleted_at__isnull=True),
                violation_error_message=_("同一用户在同一地区的同一角色有效期不能重叠。"),
            ),
            ExclusionConstraint(
                name="roleassignment_administrators_exclude",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.NOT_EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=roles.ADMINISTRATORS, deleted_at__isnull=True),
                violation_error_message=_("平台管理员、安全管理员、审计员不能由同一用户担任。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()} {self.division}"

    def validate_constraints(self, exclude: Any = None) -> None:
        """Only of a whole row: a form knows a part of it, and the conditions of constraints ask for more."""
        if not exclude:
            super().validate_constraints(exclude)

    # An account that is removed keeps the roles it held, so that they can be read and it can be brought back.
    part_of = "user"

    def record_label(self) -> str:
        return f"{self.user.username} {self.get_role_display()} {self.division}"

    def scope_division_id(self) -> int:
        return self.division_id


def holds_highest(user: Any, action: Action) -> bool:
    """Whether the user may do ``action``, and nobody who may stands above: for what is one for all places."""
    holders = RoleAssignment.objects.live().filter(
        valid_on(today()),
        role__in=roles.roles_allowing(action),
        user__is_active=True,
        user__deleted_at__isnull=True,
    )
    return any(
        not holders.filter(division__in=ancestor_ids(span.low)[:-1]).exists() for span in user.spans(action)
    )


class ApiTokenQuerySet(models.QuerySet):
    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """Tokens of the accounts that one administers."""
        return self.filter(user__in=User.objects.visible_to(user, action).values("pk"))

    def usable(self) -> Self:
        """Neither revoked nor past its expiry."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now())


class ApiToken(models.Model):
    """A key for another system: prefix in clear for finding it, digest at rest, one role's rights, an end."""

    PREFIX = "cst"
    LIFETIME = dt.timedelta(days=365)

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.PROTECT, related_name="api_tokens"
    )
    role = models.CharField(_("角色"), max_length=40, choices=ROLE_CHOICES)
    name = models.CharField(_("用途"), max_length=100)
    prefix = models.CharField(_("前缀"), max_length=16, unique=True, db_collation="C")
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    expires_at = models.DateTimeField(_("到期时间"))
    revoked_at = models.DateTimeField(_("吊销时间"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name}({self.prefix})"

    @classmethod
    def new_key(cls) -> tuple[str, str]:
        """(prefix, whole key): the key is shown once and stored only as digest."""
        prefix = f"{cls.PREFIX}_{secrets.token_hex(4)}"
        return prefix, f"{prefix}_{secrets.token_urlsafe(32)}"

    @staticmethod
    def digest_of(key: str) -> str:
        """SHA-256 of a key of 256 random bits: no salt or stretching is needed against guessing."""
        return hashlib.sha256(key.encode()).hexdigest()


class SignInRecordQuerySet(models.QuerySet):
    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """Attempts on accounts that the auditor may see, and on user names that nobody has."""
        spans = user.spans(action or Action.AUDIT)
        if not spans:
            return self.none()
        accounts = User.objects.visible_to(user, action or Action.AUDIT)
        return self.filter(Q(user__isnull=True) | Q(user__in=accounts.values("pk")))


class SignInRecord(models.Model):
    """One attempt to sign in, kept for the auditor; the address is the proxy-checked one."""

    at = models.DateTimeField(_("时间"), auto_now_add=True)
    username = models.CharField(_("用户名"), max_length=150)
    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome = models.CharField(
        _("结果"),
        max_length=20,
        choices=[
            ("success", _("成功")),
            ("failure", _("失败")),
            ("locked", _("已锁定")),
            ("signed_out", _("退出")),
            ("displaced", _("同时登录过多，退出最早的一处")),
            ("wrong_code", _("动态口令不正确")),
            ("ended", _("登录被结束")),
            ("password_set", _("设置密码")),
            ("second_added", _("启用动态口令")),
            ("second_removed", _("停用动态口令")),
        ],
    )
    address = models.GenericIPAddressField(_("地址"), null=True)
    agent = models.CharField(_("浏览器"), max_length=200, blank=True)

    objects = SignInRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("登录记录")
        verbose_name_plural = _("登录记录")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.username} {self.outcome}"
