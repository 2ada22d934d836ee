"""Roles are code: a name, a paragraph a manager can read, and the actions it allows.

An assignment ties user, role and division together and reaches everything below that division.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Action(StrEnum):
    """What one may do to rows in one's scope. ``COMPARE`` alone reaches further: to one's own city."""

    VIEW = "view"  # rows of the registers
    COMPARE = "compare"  # totals, indicator values, grades and ranks
    EDIT_REGISTERS = "edit_registers"  # premises, committees, counts
    APPROVE = "approve"  # decide on what was submitted, at the steps that name the role
    EDIT_STANDARDS = "edit_standards"  # documents, clauses, thresholds
    EDIT_DIVISIONS = "edit_divisions"  # places, through events and the importer
    RUN = "run"  # start a measuring run
    CLOSE_PERIODS = "close_periods"  # end a period of measurement; docs/decisions/0008
    AUDIT = "audit"  # change records, sign-in records
    MANAGE_ACCOUNTS = "manage_accounts"  # users, organisations, tokens
    MANAGE_ROLES = "manage_roles"  # role assignments, security settings
    OPERATE = "operate"  # jobs, health, settings of the platform


_READ = frozenset({Action.VIEW, Action.COMPARE})


@dataclass(frozen=True)
class Role:
    """One role: ``code`` is stored, ``actions`` is what it allows, ``is_administrator`` bars business data."""

    code: str
    name: StrOrPromise
    description: StrOrPromise
    actions: frozenset[Action]
    is_administrator: bool = False

    def may_grant(self, other: Role, *, is_below: bool) -> bool:
        """Whether a holder of this role may grant ``other`` in his places; docs/decisions/0009.

        ``is_below``: the place of the grant lies below the place of this role. Business roles go to whoever works
        in one's places; administrators are appointed from above only, so that nobody chooses his own auditor.
        """
        return Action.MANAGE_ROLES in self.actions and (is_below or not other.is_administrator)


PLATFORM_ADMINISTRATOR = Role(
    "platform_administrator",
    _("平台管理员"),
    _("管理账号、机构和后台任务，保证平台正常运行；看不到业务数据。"),
    frozenset({Action.MANAGE_ACCOUNTS, Action.OPERATE}),
    is_administrator=True,
)
SECURITY_ADMINISTRATOR = Role(
    "security_administrator",
    _("安全管理员"),
    _("授予和收回角色，设置登录和密码策略；看不到业务数据。"),
    frozenset({Action.MANAGE_ROLES}),
    is_administrator=True,
)
AUDITOR = Role(
    "auditor",
    _("审计员"),
    _("查看变更记录和登录记录，不能修改任何内容，也看不到业务台账。"),
    frozenset({Action.AUDIT}),
    is_administrator=True,
)
STANDARDS_OFFICER = Role(
    "standards_officer",
    _("标准管理员"),
    _(
        "维护政策文件、条款、标准数值和审批流程，可以发起测算、关闭报告期，办理轮到本角色的审批，查看所辖范围的全部数据。"
    ),
    _READ | {Action.APPROVE, Action.EDIT_STANDARDS, Action.RUN, Action.CLOSE_PERIODS},
)
CITY_OFFICER = Role(
    "city_officer",
    _("市级工作人员"),
    _("查看全市台账和指标，发起测算，维护所辖范围的台账，办理轮到本角色的审批。"),
    _READ | {Action.APPROVE, Action.EDIT_REGISTERS, Action.EDIT_DIVISIONS, Action.RUN},
)
DISTRICT_OFFICER = Role(
    "district_officer",
    _("区级工作人员"),
    _("查看本区台账和指标，发起测算，维护本区台账，办理轮到本角色的审批；可与全市其他区比较总数和排名。"),
    _READ | {Action.APPROVE, Action.EDIT_REGISTERS, Action.RUN},
)
STREET_CLERK = Role(
    "street_clerk",
    _("街道办事员"),
    _("填报和修改本街道的台账，办理轮到本角色的审批，查看本街道的指标；可比较全市的总数和排名。"),
    _READ | {Action.APPROVE, Action.EDIT_REGISTERS},
)
COMMUNITY_WORKER = Role(
    "community_worker",
    _("社区工作者"),
    _("查看本社区的台账和指标，填报本社区的数据，申报需要审批的事项。"),
    _READ | {Action.EDIT_REGISTERS},
)
API_CLIENT = Role(
    "api_client",
    _("接口客户端"),
    _("供其他系统通过接口读取所辖范围的数据、发起测算。"),
    _READ | {Action.EDIT_REGISTERS, Action.RUN},
)

ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        PLATFORM_ADMINISTRATOR,
        SECURITY_ADMINISTRATOR,
        STANDARDS_OFFICER,
        CITY_OFFICER,
        DISTRICT_OFFICER,
        STREET_CLERK,
        COMMUNITY_WORKER,
        AUDITOR,
        API_CLIENT,
    )
}
# The three that exclude one another (三员分立); a database constraint names the same codes.
ADMINISTRATORS: tuple[str, ...] = tuple(code for code, role in ROLES.items() if role.is_administrator)


def roles_allowing(action: Action | str) -> frozenset[str]:
    """Codes of all roles that allow an action."""
    return frozenset(code for code, role in ROLES.items() if action in role.actions)


def actions_of(codes: Iterable[str]) -> frozenset[Action]:
    """All actions that any of the roles allows; an unknown code allows nothing."""
    return frozenset().union(*(ROLES[code].actions for code in codes if code in ROLES))
