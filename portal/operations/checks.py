"""What a production installation must have beyond Django's own ``check --deploy``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from communities.models import User
from portal.operations.postgres import server_major

OLDEST_SERVER = 15
# Columns whose order and ranges are by code point; any other collation silently loses their indexes.
CODE_POINT_COLUMNS = (
    ("communities_division", "path_now"),
    ("communities_divisionrecord", "path"),
    ("communities_division", "code_now"),
    ("communities_division", "sort_key"),
)


@register(deploy=True)
def check_database(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Run each check against the live database; one that cannot ask is itself an error."""
    if app_configs is not None:
        return []
    messages: list[CheckMessage] = []
    checks: tuple[Callable[[], Iterable[CheckMessage]], ...] = (
        server_is_new_enough,
        chinese_can_be_searched,
        paths_sort_by_code_point,
        no_demo_accounts,
    )
    for check in checks:
        try:
            messages.extend(check())
        except DatabaseError as error:
            return [Error(_("无法检查数据库：%(error)s") % {"error": error}, id="operations.E001")]
    return messages


def server_is_new_enough() -> Iterable[CheckMessage]:
    major = server_major()
    if major < OLDEST_SERVER:
        yield Error(
            _("PostgreSQL %(major)s 过旧，须为 %(oldest)s 或更新的版本。")
            % {"major": major, "oldest": OLDEST_SERVER},
            id="operations.E002",
        )


def chinese_can_be_searched() -> Iterable[CheckMessage]:
    """In a cluster with locale C, pg_trgm takes no Chinese character for a letter and finds nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity('望京街道办事处', '望京街道')")
        (similarity,) = cursor.fetchone()
    if similarity <= 0.4:
        yield Error(
            _("这个数据库集群不能检索中文。"),
            hint=_("建立集群时请用 UTF-8 区域，例如 --locale-provider=builtin --builtin-locale=C.UTF-8。"),
            id="operations.E003",
        )


def paths_sort_by_code_point() -> Iterable[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT class.relname::text, attribute.attname::text, collation_.collname::text
            FROM pg_attribute attribute
            JOIN pg_class class ON class.oid = attribute.attrelid
            JOIN pg_collation collation_ ON collation_.oid = attribute.attcollation
            WHERE class.relnamespace = 'public'::regnamespace AND class.relkind = 'r'
            """
        )
        found = {(table, column): name for table, column, name in cursor.fetchall()}
    for column in CODE_POINT_COLUMNS:
        if found.get(column) != "C":
            yield Error(
                _("%(column)s 的排序规则是 %(found)s，应为 C。")
                % {"column": ".".join(column), "found": found.get(column)},
                hint=_("用其他排序规则，按地区范围的查询会失去索引。"),
                id="operations.E004",
            )


def no_demo_accounts() -> Iterable[CheckMessage]:
    names = list(
        User.objects.live()
        .filter(is_demo=True, is_active=True)
        .order_by("username")
        .values_list("username", flat=True)
    )
    if names:
        yield Error(
            _("演示账号可以登录：%(names)s。") % {"names": "、".join(names)},
            hint=_("正式数据库不要装入演示数据；请停用这些账号。"),
            id="operations.E005",
        )
