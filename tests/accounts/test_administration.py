"""Accounts, roles, sessions and tokens as administrators keep them, and what goes beyond them (T8, T15, T29)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from communities.base.querysets import today
from communities.models import ApiToken, ChangeRecord, Organisation, RoleAssignment, SignInRecord, User
from portal.accounts.actions import issue_token
from tests import factories
from tests.accounts.conftest import is_in, sign_in
from tests.conftest import World

GRANT = "/role-assignments/new/"


def reader(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.users[name])
    return client


@pytest.fixture
def security(world: World) -> Client:
    return reader(world, "security_administrator")


@pytest.fixture
def platform(world: World) -> Client:
    return reader(world, "platform_administrator")


@pytest.fixture
def bureau(world: World) -> Organisation:
    return Organisation.objects.create(name="甲区民政局", kind="civil_affairs", division=world.district)


@pytest.fixture
def newcomer(world: World, bureau: Organisation) -> User:
    user = factories.user("newcomer", name="张新")
    User.objects.filter(pk=user.pk).update(organisation=bureau)
    user.refresh_from_db()
    return user


def wanted(user: User, role: str, place: Any, **changes: str) -> dict[str, str]:
    return {
        "user": str(user.public_id),
        "role": role,
        "division": str(place.public_id),
        "valid_0": today().isoformat(),
        "valid_1": "",
    } | changes


def refusals() -> int:
    return ChangeRecord.objects.filter(verb="refused").count()


def test_a_role_is_granted_and_ended(security: Client, world: World, newcomer: User) -> None:
    page = security.get(GRANT).content.decode()
    assert "张新(newcomer)" in page
    assert "街道办事员" in page
    answer = security.post(GRANT, wanted(newcomer, "street_clerk", world.street))
    assert answer.status_code == 302, answer.content.decode()
    given = RoleAssignment.objects.get(user=newcomer)
    assert (given.valid.lower, given.valid.upper) == (today(), None)
    client = reader(world, "street_clerk")
    client.force_login(newcomer)
    assert client.get("/premises/").status_code == 200
    RoleAssignment.objects.filter(pk=given.pk).update(valid=(today() - dt.timedelta(days=3), None))
    end = f"/role-assignments/{given.public_id}/end/"
    assert "结束授权" in security.get(f"/role-assignments/{given.public_id}/").content.decode()
    assert "请填写原因" in security.post(end, {"version": given.version, "reason": " "}).content.decode()
    assert security.post(end, {"version": given.version, "reason": "调离"}).status_code == 302
    given.refresh_from_db()
    assert given.valid.upper == today()
    assert client.get("/premises/").status_code == 403
    assert security.post(end, {"version": given.version, "reason": "调离"}).status_code == 422
    assert "结束授权" not in security.get(f"/role-assignments/{given.public_id}/").content.decode()
    verbs = ChangeRecord.objects.filter(object_id=given.public_id).values_list("verb", "reason")
    assert list(verbs.order_by("pk")) == [("create", ""), ("change", "调离")]


def test_what_has_not_begun_is_taken_back(security: Client, world: World, newcomer: User) -> None:
    security.post(GRANT, wanted(newcomer, "street_clerk", world.street, valid_0="2099-01-01"))
    given = RoleAssignment.objects.get(user=newcomer)
    assert newcomer.held_roles() == []
    assert (
        security.post(
            f"/role-assignments/{given.public_id}/end/", {"version": given.version, "reason": "填错"}
        ).status_code
        == 302
    )
    given.refresh_from_db()
    assert given.deleted_at is not None


def test_tries_beyond_ones_own_are_refused_and_kept(security: Client, world: World, newcomer: User) -> None:
    """T8: oneself, a foreign place, a foreign person, an administrator at one's own level, the past."""
    me = world.users["security_administrator"]
    foreigner = factories.user("far", "city_officer", world.far_city)
    tries = [
        (wanted(me, "city_officer", world.city), "不能给自己授予角色"),
        (wanted(newcomer, "city_officer", world.far_city), "没有找到"),
        (wanted(newcomer, "city_officer", world.province), "没有找到"),
        (wanted(foreigner, "street_clerk", world.street), "没有找到"),
        (wanted(newcomer, "auditor", world.city), "只能由上级地区的安全管理员授予"),
        (wanted(newcomer, "security_administrator", world.city), "只能由上级地区的安全管理员授予"),
        (wanted(newcomer, "platform_administrator", world.city), "只能由上级地区的安全管理员授予"),
    ]
    before = RoleAssignment.objects.count()
    for number, (data, message) in enumerate(tries, 1):
        answer = security.post(GRANT, data)
        assert answer.status_code == 422
        assert message in answer.content.decode()
        assert refusals() == number, data
    assert RoleAssignment.objects.count() == before
    kept = ChangeRecord.objects.filter(verb="refused").first()
    assert (kept.user, kept.model) == (me, "communities.RoleAssignment")
    auditor = reader(world, "auditor")
    assert "越权被拒" in auditor.get("/change-records/").content.decode()
    # What is merely wrong is no try beyond one's powers.
    for data, message in (
        (wanted(newcomer, "street_clerk", world.street, valid_0="2020-01-01"), "不能早于今天"),
        (wanted(newcomer, "street_clerk", world.street, valid_0=""), "请填写开始日期"),
        (wanted(newcomer, "king", world.street), "不在可选范围内"),
    ):
        answer = security.post(GRANT, data)
        assert (answer.status_code, message in answer.content.decode()) == (422, True), message
    assert refusals() == len(tries)


def test_administrators_are_appointed_from_above_and_exclude_one_another(
    security: Client, world: World, newcomer: User
) -> None:
    assert security.post(GRANT, wanted(newcomer, "auditor", world.district)).status_code == 302
    other = security.post(GRANT, wanted(newcomer, "platform_administrator", world.district))
    assert "不能由同一用户担任" in other.content.decode()
    mixed = security.post(GRANT, wanted(newcomer, "street_clerk", world.street))
    assert "不能由同一人同时担任" in mixed.content.decode()
    twice = security.post(GRANT, wanted(newcomer, "auditor", world.district))
    assert "有效期不能重叠" in twice.content.decode()
    assert RoleAssignment.objects.filter(user=newcomer).count() == 1


def test_ending_beyond_ones_own(security: Client, world: World) -> None:
    """Not one's own, not that of an administrator at one's own level, not a foreign one."""
    far = factories.user("far", "city_officer", world.far_city)
    for user, statuses in (
        (world.users["security_administrator"], {422}),
        (world.users["auditor"], {422}),
        (far, {404}),
    ):
        row = RoleAssignment.objects.get(user=user)
        answer = security.post(
            f"/role-assignments/{row.public_id}/end/", {"version": row.version, "reason": "x"}
        )
        assert answer.status_code in statuses
        row.refresh_from_db()
        assert row.valid.upper is None
        assert row.deleted_at is None
    assert refusals() == 2


@pytest.mark.parametrize("role", ["platform_administrator", "auditor", "city_officer", "nobody"])
def test_nobody_else_grants(world: World, newcomer: User, role: str) -> None:
    client = reader(world, role)
    assert client.post(GRANT, wanted(newcomer, "street_clerk", world.street)).status_code == 403
    assert not RoleAssignment.objects.filter(user=newcomer).exists()


# ---------------------------------------------------------------- accounts


def edit(client: Client, user: User, **changes: str) -> Any:
    user.refresh_from_db()
    data = {"version": str(user.version), "name": user.name, "is_active": "on"}
    if user.organisation:
        data["organisation"] = str(user.organisation.public_id)
    return client.post(f"/users/{user.public_id}/edit/", {k: v for k, v in (data | changes).items() if v})


def test_an_account_is_written_in_ones_places_only(
    platform: Client, world: World, bureau: Organisation, newcomer: User
) -> None:
    far = Organisation.objects.create(name="外市民政局", kind="civil_affairs", division=world.far_city)
    assert edit(platform, newcomer, name="张新新").status_code == 302
    assert edit(platform, newcomer, organisation=str(far.public_id)).status_code == 422
    data = {"username": "spy", "name": "某人", "organisation": str(far.public_id)}
    assert platform.post("/users/new/", data).status_code == 422
    assert refusals() == 2
    assert platform.post("/users/new/", data | {"organisation": ""}).status_code == 422
    # Who holds more elsewhere is seen, and left alone.
    newcomer.role_assignments.create(role="street_clerk", division=world.far_community, valid=(None, None))
    assert platform.get(f"/users/{newcomer.public_id}/").status_code == 200
    assert edit(platform, newcomer, name="李").status_code == 403
    assert platform.get(f"/users/{newcomer.public_id}/edit/").status_code == 403
    newcomer.refresh_from_db()
    assert (newcomer.name, newcomer.organisation) == ("张新新", bureau)
    assert refusals() == 3


def test_protected_fields_are_not_assigned(platform: Client, newcomer: User) -> None:
    before = User.objects.filter(pk=newcomer.pk).values().get()
    extra = {
        "password": "x",
        "username": "root",
        "is_demo": "on",
        "public_id": "0190a0a0-0000-7000-8000-000000000000",
        "is_superuser": "on",
        "last_login": "2020-01-01",
        "deleted_at": "2020-01-01",
    }
    assert edit(platform, newcomer, **extra).status_code == 302
    after = User.objects.filter(pk=newcomer.pk).values().get()
    assert {k for k in after if after[k] != before[k]} <= {"version", "updated_at"}


def test_not_against_oneself(platform: Client, world: World) -> None:
    me = world.users["platform_administrator"]
    assert "不能停用自己的账号" in edit(platform, me, is_active="").content.decode()
    row = User.objects.get(pk=me.pk)
    answer = platform.post(f"/users/{me.public_id}/remove/", {"version": row.version, "reason": "x"})
    assert "不能删除自己的账号" in answer.content.decode()
    assert User.objects.get(pk=me.pk).may_sign_in


def test_removing_ends_sessions_and_waits_for_roles(platform: Client, world: World, newcomer: User) -> None:
    inside = Client()
    sign_in(inside, "newcomer")
    row = RoleAssignment.objects.create(
        user=newcomer, role="street_clerk", division=world.street, valid=(None, None)
    )
    remove = f"/users/{newcomer.public_id}/remove/"
    newcomer.refresh_from_db()
    answer = platform.post(remove, {"version": newcomer.version, "reason": "重复"})
    assert "请先由安全管理员结束授权" in answer.content.decode()
    assert is_in(inside)
    RoleAssignment.objects.filter(pk=row.pk).update(valid=(None, today()))
    assert platform.post(remove, {"version": newcomer.version, "reason": "重复"}).status_code == 302
    assert not is_in(inside)
    assert platform.post(f"/users/{newcomer.public_id}/bring-back/").status_code == 302
    assert not is_in(inside)
    assert sign_in(Client(), "newcomer").status_code == 302


def test_a_name_is_taken_once(platform: Client, bureau: Organisation, world: World) -> None:
    for name in ("street_clerk", "ｓｔｒｅｅｔ_clerk"):
        answer = platform.post(
            "/users/new/",
            {"username": name, "name": "x", "organisation": str(bureau.public_id)},
        )
        assert "该用户名已被使用" in answer.content.decode()


def test_accounts_are_never_brought_in_by_workbooks(platform: Client, world: World) -> None:
    """A workbook would go round the rules of who may write which account."""
    from communities.actions.imports.uploads import registers

    assert not {"user", "organisation", "role-assignment"} & set(registers())
    assert "导入" not in platform.get("/users/").content.decode()


def test_organisations_are_kept(platform: Client, world: World) -> None:
    data = {"name": "甲街道办事处", "kind": "street_office", "division": str(world.street.public_id)}
    assert platform.post("/organisations/new/", data).status_code == 302
    row = Organisation.objects.get(name="甲街道办事处")
    outside = platform.post("/organisations/new/", data | {"division": str(world.far_city.public_id)})
    assert outside.status_code == 422
    assert refusals() == 1
    user = factories.user("x")
    User.objects.filter(pk=user.pk).update(organisation=row)
    remove = f"/organisations/{row.public_id}/remove/"
    assert "还有" in platform.post(remove, {"version": row.version, "reason": "撤并"}).content.decode()


# ---------------------------------------------------------------- sessions


def test_one_sees_and_ends_ones_own_sessions(world: World) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/96.0 Safari/537.36"
    here, there, third = Client(), Client(), Client()
    for client, name in ((here, agent), (there, "Mozilla/5.0 (iPhone) MicroMessenger/8"), (third, "curl")):
        sign_in(client, "street_clerk", HTTP_USER_AGENT=name)
    page = here.get("/accounts/profile/").content.decode()
    for words in ("Windows 电脑，Chrome 浏览器", "苹果手机，微信", "未知设备", "本机", "现有 3 处"):
        assert words in page
    for key in Session.objects.values_list("pk", flat=True):
        assert key not in page
    target = world.users["street_clerk"].open_sessions.get(session_id=there.session.session_key)
    assert str(target.public_id) in page
    answer = here.post("/accounts/sessions/end/", {"session": str(target.public_id)}, follow=True)
    assert "已结束 1 处登录" in answer.content.decode()
    assert [is_in(client) for client in (here, there, third)] == [True, False, True]
    here.post("/accounts/sessions/end/", {"session": "others"})
    assert [is_in(client) for client in (here, third)] == [True, False]
    for odd in ("", "x", str(target.public_id), "0190a0a0-0000-7000-8000-000000000000"):
        assert here.post("/accounts/sessions/end/", {"session": odd}).status_code == 302
    assert SignInRecord.objects.filter(outcome="ended").count() == 2


def test_nobody_ends_the_session_of_another(world: World) -> None:
    mine, other = Client(), Client()
    sign_in(mine, "street_clerk")
    sign_in(other, "community_worker")
    target = world.users["community_worker"].open_sessions.get()
    mine.post("/accounts/sessions/end/", {"session": str(target.public_id)})
    mine.post("/accounts/sessions/end/", {"session": "others"})
    assert is_in(other)


def test_a_session_keeps_its_place_in_the_list_under_a_new_key(world: World) -> None:
    client = Client()
    sign_in(client, "street_clerk", HTTP_USER_AGENT="Firefox")
    before = world.users["street_clerk"].open_sessions.get()
    client.post(
        "/accounts/password/",
        {"password": factories.PASSWORD, "new_password": "Kite-flying-1", "repeated": "Kite-flying-1"},
    )
    after = world.users["street_clerk"].open_sessions.get()
    assert after.pk != before.pk
    assert (after.public_id, after.agent, after.began_at) == (before.public_id, "Firefox", before.began_at)


def test_administrators_end_sessions_in_their_places(platform: Client, world: World) -> None:
    clerk = world.users["street_clerk"]
    inside, second = Client(), Client()
    sign_in(inside, "street_clerk", HTTP_USER_AGENT="Firefox")
    sign_in(second, "street_clerk")
    page = platform.get(f"/users/{clerk.public_id}/").content.decode()
    assert "火狐浏览器" in page
    assert inside.session.session_key not in page
    end = f"/users/{clerk.public_id}/sessions/end/"
    first = clerk.open_sessions.get(agent="Firefox")
    assert platform.post(end, {"session": str(first.public_id)}).status_code == 302
    assert [is_in(inside), is_in(second)] == [False, True]
    platform.post(end, {"session": "all"})
    assert not is_in(second)
    far = factories.user("far", "city_officer", world.far_city)
    away = Client()
    sign_in(away, "far")
    assert platform.post(f"/users/{far.public_id}/sessions/end/", {"session": "all"}).status_code == 404
    assert is_in(away)


# ---------------------------------------------------------------- tokens


def test_a_token_is_shown_once_listed_and_revoked(platform: Client, world: World) -> None:
    owner = world.users["api_client"]
    new = f"/users/{owner.public_id}/tokens/new/"
    assert "接口客户端" in platform.get(new).content.decode()
    shown = platform.post(new, {"name": "统计平台", "role": "api_client", "days": "30"}).content.decode()
    row = ApiToken.objects.get()
    key = shown.split(row.prefix + "_", 1)[1][:43]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {row.prefix}_{key}"}
    assert Client().get("/api/v1/me/", **bearer).status_code == 200
    assert row.expires_at < timezone.now() + dt.timedelta(days=31)
    assert (
        ChangeRecord.objects.get(model="communities.ApiToken").user == world.users["platform_administrator"]
    )
    for path in (f"/users/{owner.public_id}/", "/api-tokens/"):
        page = platform.get(path).content.decode()
        assert "统计平台" in page
        assert key not in page
    assert platform.get("/api-tokens/?state=void").content.decode().count("统计平台") == 0
    assert platform.get("/api-tokens/?state=usable&q=api_cl").content.decode().count("统计平台") > 0
    revoke = f"/users/{owner.public_id}/tokens/revoke/"
    assert platform.post(revoke, {"token": row.prefix}).status_code == 302
    assert Client().get("/api/v1/me/", **bearer).status_code == 401
    assert "已吊销" in platform.get("/api-tokens/?state=void").content.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": "366"}, "1 至 365 天"),
        ({"days": "0"}, "1 至 365 天"),
        ({"days": "x"}, "请填写整数"),
        ({"role": "city_officer"}, "现有的角色"),
        ({"name": ""}, "请填写此项"),
    ],
)
def test_tokens_that_are_not_issued(
    platform: Client, world: World, changes: dict[str, str], message: str
) -> None:
    new = f"/users/{world.users['api_client'].public_id}/tokens/new/"
    answer = platform.post(new, {"name": "x", "role": "api_client", "days": "30"} | changes)
    assert (answer.status_code, message in answer.content.decode()) == (422, True)
    assert not ApiToken.objects.exists()


def test_tokens_of_others_are_out_of_reach(platform: Client, world: World) -> None:
    far = factories.user("far", "api_client", world.far_city)
    token, _key = issue_token(user=far, name="外市数据")
    for path in ("tokens/new/", "tokens/revoke/"):
        assert platform.post(f"/users/{far.public_id}/{path}", {"token": token.prefix}).status_code == 404
    mine = world.users["api_client"]
    assert (
        platform.post(f"/users/{mine.public_id}/tokens/revoke/", {"token": token.prefix}).status_code == 404
    )
    assert "外市数据" not in platform.get("/api-tokens/").content.decode()
    clerk = reader(world, "street_clerk")
    clerk.post("/accounts/tokens/revoke/", {"token": token.prefix})
    assert ApiToken.objects.usable().count() == 1
    auditor = world.users["auditor"]
    assert platform.get(f"/users/{auditor.public_id}/tokens/new/").status_code == 403


def test_an_owner_sees_and_revokes_his_own(world: World) -> None:
    token, _key = issue_token(user=world.users["api_client"], name="统计平台")
    owner = reader(world, "api_client")
    assert "统计平台" in owner.get("/accounts/profile/").content.decode()
    assert owner.post("/accounts/tokens/revoke/", {"token": token.prefix}).status_code == 302
    assert not ApiToken.objects.usable().exists()
