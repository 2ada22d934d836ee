"""The navigation, by task: only what exists, and of that only what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from communities.base.roles import Action


@dataclass(frozen=True)
class Item:
    """One entry: shown to whoever holds ``action`` somewhere.

    ``follows_place``: it takes ``?place=`` and ``?period=``; ``follows_period``: the period alone.
    """

    label: Any
    route: str
    action: Action
    follows_place: bool = True
    follows_period: bool = False

    def carries(self, query: str, period_query: str) -> str:
        """What of the address at hand goes along."""
        return query if self.follows_place else period_query if self.follows_period else ""


@dataclass(frozen=True)
class Group:
    """A heading with its entries; one without a label stands at the first level."""

    label: Any
    icon: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Link:
    label: Any
    url: str
    is_current: bool


@dataclass(frozen=True)
class Section:
    label: Any
    icon: str
    links: tuple[Link, ...]

    @property
    def is_single(self) -> bool:
        """A task with one page is an entry itself, not a heading."""
        return len(self.links) == 1 and self.links[0].label == self.label

    @property
    def is_current(self) -> bool:
        return any(link.is_current for link in self.links)


MENU: tuple[Group, ...] = (
    Group(_("工作台"), "checklist", (Item(_("工作台"), "workbench", Action.VIEW),)),
    Group(
        _("审批"),
        "rubber-stamp",
        (
            Item(_("审批件"), "approval-list", Action.VIEW),
            Item(_("豁免申请"), "exemption-request-list", Action.VIEW),
            Item(_("审批委托"), "approval-delegation-list", Action.APPROVE, follows_place=False),
        ),
    ),
    Group(_("看板"), "chart-bar", (Item(_("看板"), "dashboard", Action.COMPARE),)),
    Group(
        _("社区"),
        "building-community",
        (
            Item(_("社区"), "community-list", Action.VIEW),
            Item(_("居(村)民委员会"), "committee-list", Action.VIEW),
            Item(_("社区用房"), "premises-list", Action.VIEW),
            Item(_("无用房申明"), "nil-statement-list", Action.VIEW),
            Item(_("达标豁免"), "exemption-list", Action.VIEW),
            Item(_("户数和人数"), "household-count-list", Action.VIEW),
            Item(_("佐证材料"), "evidence-list", Action.VIEW),
            Item(_("行政区划"), "division-list", Action.VIEW),
            Item(_("导入记录"), "import-list", Action.EDIT_REGISTERS, follows_place=False),
        ),
    ),
    Group(_("报告期"), "calendar", (Item(_("报告期"), "period-list", Action.VIEW, follows_place=False),)),
    Group(
        _("评分"),
        "list-check",
        (
            Item(_("得分"), "score-list", Action.COMPARE),
            Item(_("评分表"), "rating-scheme-list", Action.VIEW, follows_place=False),
            Item(_("评分表版本"), "rating-scheme-version-list", Action.VIEW, follows_place=False),
            Item(_("评分项目"), "rating-item-list", Action.VIEW, follows_place=False),
        ),
    ),
    Group(
        _("标准"),
        "scale",
        (
            Item(
                _("政策文件"), "policy-document-list", Action.VIEW, follows_place=False, follows_period=True
            ),
            Item(_("标准数值"), "threshold-list", Action.VIEW, follows_place=False, follows_period=True),
            Item(_("审批流程"), "approval-route-list", Action.VIEW, follows_place=False),
            Item(_("审批冻结期"), "approval-freeze-list", Action.VIEW, follows_place=False),
            Item(_("节假日安排"), "holiday-schedule-list", Action.VIEW, follows_place=False),
        ),
    ),
    Group(
        _("系统"),
        "settings",
        (
            Item(_("机构"), "organisation-list", Action.MANAGE_ACCOUNTS, follows_place=False),
            Item(_("用户"), "user-list", Action.MANAGE_ACCOUNTS, follows_place=False),
            Item(_("接口令牌"), "api-token-list", Action.MANAGE_ACCOUNTS, follows_place=False),
            Item(_("角色授权"), "role-assignment-list", Action.MANAGE_ROLES, follows_place=False),
            Item(_("变更记录"), "change-record-list", Action.AUDIT, follows_place=False),
            Item(_("登录记录"), "sign-in-record-list", Action.AUDIT, follows_place=False),
        ),
    ),
)

# Where a user lands after sign-in: the first of these that he may open.
FIRST_PAGES: tuple[tuple[Action, str], ...] = (
    (Action.RUN, "dashboard"),
    (Action.VIEW, "workbench"),
    (Action.COMPARE, "dashboard"),
    (Action.MANAGE_ACCOUNTS, "user-list"),
    (Action.MANAGE_ROLES, "role-assignment-list"),
    (Action.AUDIT, "change-record-list"),
)


def menu_for(user: Any, path: str, query: str, period_query: str) -> list[Section]:
    """The sections for one user; place and period, or the period alone, are carried where the page takes them."""
    sections = []
    for group in MENU:
        links = tuple(
            Link(item.label, url + item.carries(query, period_query), path.startswith(url))
            for item in group.items
            if user.may(item.action)
            for url in (reverse(item.route),)
        )
        if links:
            sections.append(Section(group.label, group.icon, links))
    return sections


def first_page(user: Any) -> str | None:
    """Route of the user's first page; None for somebody without any role."""
    return next((route for action, route in FIRST_PAGES if user.may(action)), None)
