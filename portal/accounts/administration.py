"""What administrators do to the accounts of others: write them, end their sessions, grant and end their roles.

Whatever goes beyond an administrator's places or powers is refused, and the try is kept for the auditor.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base import actions
from communities.base.models import Row
from communities.base.places import within
from communities.base.querysets import today
from communities.base.roles import ROLES, Action, actions_of
from communities.choices import ChangeVerb
from communities.models import ApiToken, ChangeRecord, RoleAssignment, User
from portal.accounts import sessions
from portal.accounts.actions import revoke_token

logger = structlog.get_logger(__name__)

BEYOND = "beyond"


# ---------------------------------------------------------------- tries beyond one's powers


def refused(by: User, model: type[Row], row: Row | None, why: str) -> None:
    """Keep a try that went beyond somebody's powers: a line in the log, and a record for the auditor.

    A row out of his sight is named by its id alone.
    """
    logger.warning("access_refused", by=by.username, model=model._meta.label, why=why)
    ChangeRecord.objects.create(
        user=by,
        user_name=str(by),
        verb=ChangeVerb.REFUSED,
        model=model._meta.label,
        object_id=row.public_id if row is not None else by.public_id,
        object_label=row.record_label()[:200] if row is not None else by.record_label(),
        division_id=by.scope_division_id(),
        reason=why[:200],
    )


def beyond(message: str, field: str | None = None) -> ValidationError:
    """A refusal that is also kept."""
    error = ValidationError(message, code=BEYOND)
    return ValidationError({field: error}) if field else error


# ---------------------------------------------------------------- accounts


def unended() -> QuerySet[RoleAssignment]:
    """Role assignments in force, or still to come."""
    return RoleAssignment.objects.live().exclude(valid__fully_lt=DateRange(today(), None))


def manageable(by: User) -> QuerySet[User]:
    """The accounts that lie wholly in an administrator's places: their body, and every role they hold or will.

    An account that holds more elsewhere may be seen; whoever could write it could take that too.
    """
    spans = by.spans(Action.MANAGE_ACCOUNTS)
    elsewhere = unended().exclude(within("division__path_now", spans)).values("user")
    at_home = Q(organisation__isnull=True) | within("organisation__division__path_now", spans)
    return User.objects.visible_to(by).filter(at_home).exclude(pk__in=elsewhere)


def may_hand_over(by: User, user: User) -> bool:
    """Whether one may make what opens another's account: a link or a token.

    Not for oneself, and not for whoever grants roles or reads the records: who administers accounts would hold
    two of the three offices. Theirs are made at the command line; docs/decisions/0009.
    """
    held = actions_of(unended().filter(user=user).values_list("role", flat=True))
    guarded = {Action.MANAGE_ROLES, Action.AUDIT} & held
    return user.pk != by.pk and not guarded and manageable(by).filter(pk=user.pk).exists()


def require_manageable(by: User, user: User) -> None:
    """Raises PermissionDenied."""
    if not manageable(by).filter(pk=user.pk).exists():
        raise PermissionDenied(_("该账号在您的管辖范围之外还有角色或机构，不能由您修改。"))


@transaction.atomic
def save_user(user: User, *, by: User, reason: str = "") -> User:
    """Create or change an account. One that may no longer sign in is shut at once.

    Raises what ``actions.save`` raises, ValidationError for what one may not do to oneself.
    """
    if user._state.adding:
        user.set_unusable_password()
    else:
        require_manageable(by, user)
        if user.pk == by.pk and not user.may_sign_in:
            raise beyond(_("不能停用自己的账号。"))
    actions.save(user, by=by, reason=reason, needs=Action.MANAGE_ACCOUNTS)
    require_manageable(by, user)
    if not user.may_sign_in:
        shut(user, by=by)
    return user


@transaction.atomic
def remove_user(user: User, *, by: User, reason: str) -> None:
    """Take an account out. Raises what ``actions.remove`` raises."""
    require_manageable(by, user)
    if user.pk == by.pk:
        raise beyond(_("不能删除自己的账号。"))
    if unended().filter(user=user).exists():
        raise ValidationError(
            _("该账号还有有效的角色，请先由安全管理员结束授权；需要立即停止使用的，请先停用账号。")
        )
    actions.remove(user, by=by, reason=reason, needs=Action.MANAGE_ACCOUNTS)
    shut(user, by=by)


def shut(user: User, *, by: User) -> None:
    """End all that an account has open: it does not come back when the account does."""
    sessions.end_all(user)
    user.one_time_links.open().update(expires_at=timezone.now())
    for token in ApiToken.objects.usable().filter(user=user).select_related("user__organisation"):
        revoke_token(token, by=by, reason=_("账号停用"))


# ---------------------------------------------------------------- roles


@transaction.atomic
def grant_role(assignment: RoleAssignment, *, by: User) -> RoleAssignment:
    """Grant a role. docs/decisions/0009 says what one may grant.

    Raises ValidationError; one with the code BEYOND is a try beyond one's powers.
    """
    user, role = assignment.user, ROLES[assignment.role]
    if user.pk == by.pk:
        raise beyond(_("不能给自己授予角色。"), "user")
    if not may_grant_at(by, assignment):
        raise beyond(_("管理员角色只能由上级地区的安全管理员授予。"), "role")
    first = assignment.valid.lower
    if first is None or first < today():
        raise ValidationError({"valid": _("请填写开始日期，不能早于今天。")})
    # One after the other for one account: what is checked below holds until the grant stands.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    mixed = [
        ROLES[code].is_administrator != role.is_administrator
        for code in RoleAssignment.objects.live()
        .filter(user=user, valid__overlap=assignment.valid)
        .values_list("role", flat=True)
        if code in ROLES
    ]
    if any(mixed):
        raise beyond(_("管理员角色和业务角色不能由同一人同时担任。"), "role")
    actions.save(assignment, by=by, needs=Action.MANAGE_ROLES)
    return assignment


def may_grant_at(by: User, assignment: RoleAssignment) -> bool:
    """Whether one of the roles by which one grants reaches so far."""
    wanted, path = ROLES[assignment.role], assignment.division.path_now
    return any(
        ROLES[code].may_grant(wanted, is_below=path.startswith(own) and path != own)
        for code, own in by.held_roles()
        if code in ROLES and path.startswith(own)
    )


@transaction.atomic
def end_role(assignment: RoleAssignment, *, by: User, reason: str) -> RoleAssignment:
    """End a role: it holds no more from this moment on. One that has not begun before today is taken back.

    Raises ValidationError, StaleVersion, OutOfScope.
    """
    if assignment.user_id == by.pk:
        raise beyond(_("不能结束自己的角色，请由其他安全管理员办理。"))
    if not may_grant_at(by, assignment):
        raise beyond(_("管理员角色只能由上级地区的安全管理员结束。"))
    if not reason.strip():
        raise ValidationError({"reason": _("请填写原因。")})
    first, after = assignment.valid.lower, assignment.valid.upper
    if after is not None and after <= today():
        raise ValidationError(_("该角色已经结束。"))
    if first is not None and first >= today():
        actions.remove(assignment, by=by, reason=reason, needs=Action.MANAGE_ROLES)
    else:
        assignment.valid = DateRange(first, today())
        actions.save(assignment, by=by, reason=reason.strip(), needs=Action.MANAGE_ROLES)
    return assignment


def grantable(by: User) -> list[tuple[str, Any]]:
    """The roles that one may grant somewhere: (code, role)."""
    own = [ROLES[code] for code, _path in by.held_roles() if code in ROLES]
    return [
        (code, role)
        for code, role in ROLES.items()
        if any(mine.may_grant(role, is_below=True) for mine in own)
    ]
