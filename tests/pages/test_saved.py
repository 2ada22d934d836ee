"""Lists saved under a name: checked by the list's own filters at each use, never wider than its scope."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.urls import reverse

from communities.base.saved import LISTS
from communities.models import Organisation, SavedView, User
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader

pytestmark = pytest.mark.django_db

VIEWS = "/saved-views/"


@pytest.fixture
def office(world: World) -> Organisation:
    """The street office, of which clerk and worker are; and another one."""
    made = Organisation.objects.create(name="甲街道办", kind="street_office", division=world.street)
    User.objects.filter(username__in=["street_clerk", "community_worker"]).update(organisation=made)
    other = Organisation.objects.create(name="甲区民政局", kind="civil_affairs", division=world.district)
    User.objects.filter(username="district_officer").update(organisation=other)
    return made


def view_of(user: User, query: str, **more: object) -> SavedView:
    made = SavedView.objects.create(user=user, page="premises", name="存下的", query=query, **more)
    made.refresh_from_db()
    return made


def address(view: SavedView) -> str:
    return reverse("saved-view-detail", args=[view.public_id])


def test_a_list_is_saved_as_it_is_and_opened_again(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    clerk.post("/premises/", {"columns": ["name", "address"], "page_size": "25", "is_dense": "0"})
    query = "kind=office&sort=-area&after=abc&view=x&q="
    answer = clerk.post(VIEWS, {"page": "premises", "name": " 小办公室 ", "query": query})
    view = SavedView.objects.get()
    assert (view.name, view.query, view.columns[:2]) == (
        "小办公室",
        "kind=office&sort=-area",
        ["name", "address"],
    )
    assert answer.url == f"/premises/?kind=office&sort=-area&view={view.public_id}"
    clerk.post("/premises/", {"columns": ["name", "area"], "page_size": "25", "is_dense": "0"})
    page = clerk.get(clerk.get(address(view)).url).content.decode()
    assert "视图：小办公室" in page
    head = page[page.index("<thead") : page.index("</thead>")]
    assert "地址" in head
    assert "建筑面积" not in head
    assert 'name="view"' in page[page.index('class="filters"') : page.index("filter-acts")]


def test_names_are_one_per_user_and_list_and_there_is_an_end(
    world: World, as_role: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = as_role("street_clerk")
    for name, said in (
        ("一", "已保存视图「一」"),
        ("一", "已有同名的视图"),
        ("", "请填写视图名称"),
        ("坏\x00名", "控制字符"),
        ("长" * 41, "最多 40 个字"),
    ):
        answer = clerk.post(VIEWS, {"page": "premises", "name": name, "query": "kind=office"})
        assert said in clerk.get(answer.url).content.decode(), name
    as_role("community_worker").post(VIEWS, {"page": "premises", "name": "一", "query": ""})
    clerk.post(VIEWS, {"page": "committee", "name": "一", "query": ""})
    assert SavedView.objects.count() == 3
    monkeypatch.setattr(SavedView, "MOST_PER_LIST", 1)
    answer = clerk.post(VIEWS, {"page": "premises", "name": "二", "query": ""})
    assert "每个列表最多保存 1 个视图" in clerk.get(answer.url).content.decode()


def test_shared_with_ones_organisation_and_changed_by_the_owner_alone(
    world: World, office: Organisation, as_role: Reader
) -> None:
    clerk, worker, officer = (
        as_role(name) for name in ("street_clerk", "community_worker", "district_officer")
    )
    view = view_of(world.users["street_clerk"], "kind=office")
    assert worker.get(address(view)).status_code == 404
    clerk.post(address(view), {"act": "save", "name": "共用", "share": "on"})
    assert "共用" in worker.get("/premises/").content.decode()
    answer = worker.get(address(view))
    assert answer.status_code == 302
    # Opened in the scope of whoever opens it.
    page = worker.get(answer.url).content.decode()
    assert "二社区用房" not in page
    assert "一社区用房" in page
    for act in ("delete", "save"):
        assert worker.post(address(view), {"act": act, "name": "我的"}).status_code == 403
        assert officer.post(address(view), {"act": act, "name": "我的"}).status_code == 404
    assert officer.get(address(view)).status_code == 404
    assert "共用" not in officer.get("/premises/").content.decode()
    clerk.post(address(view), {"act": "save", "name": "共用"})
    assert worker.get(address(view)).status_code == 404
    clerk.post(address(view), {"act": "delete"})
    assert not SavedView.objects.exists()


def test_a_place_of_others_is_said_and_not_named(world: World, office: Organisation, as_role: Reader) -> None:
    query = f"kind=office&place={world.neighbour.public_id}"
    view = view_of(world.users["street_clerk"], query, shared_with=office)
    assert as_role("street_clerk").get(address(view)).status_code == 302
    answer = as_role("community_worker").get(address(view))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "1 个条件现在不能使用" in page
    assert "/premises/?kind=office" in page
    assert "二社区" not in page
    assert "删除此视图" not in page


@pytest.mark.parametrize(
    "query",
    [
        "palace=1",
        "kind=palace",
        "sort=version",
        "sort=committee__division_now__path_now",
        "kind__in=office",
        "division_now__name_now__startswith=" + quote(FOREIGN),
        "_connector=OR&kind=office",
        "_negated=1",
        "min_area=1e9",
        "committee=x",
        "period=2099Q9",
        "as_of=2026-13-01",
        "kind=office&kind=palace",
        "q=%00",
    ],
)
def test_odd_queries_have_no_effect_and_can_be_deleted(world: World, as_role: Reader, query: str) -> None:
    """T22: what a stored query says is only ever read by the list's own filter set."""
    clerk = as_role("street_clerk")
    answer = clerk.post(VIEWS, {"page": "premises", "name": "怪", "query": query})
    assert not SavedView.objects.exists()
    view = view_of(world.users["street_clerk"], query)
    answer = clerk.get(address(view))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "不能使用" in page
    assert FOREIGN not in page.replace(FOREIGN, "", 1)
    assert "去掉这些条件后打开" in page
    clerk.post(address(view), {"act": "delete"})
    assert not SavedView.objects.exists()


def test_lists_that_one_may_not_read_have_no_views(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    for code in ("user", "nothing", ""):
        assert clerk.post(VIEWS, {"page": code, "name": "x", "query": ""}).status_code == 403
    view = SavedView.objects.create(user=world.users["street_clerk"], page="user", name="旧", query="")
    view.refresh_from_db()
    assert clerk.get(address(view)).status_code == 404
    assert "旧" not in clerk.get(VIEWS).content.decode()


def test_an_unknown_view_in_the_address_is_none(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    foreign = view_of(world.users["stranger"], "")
    for odd in ("x", str(foreign.public_id), "%00"):
        answer = clerk.get(f"/premises/?view={odd}")
        assert answer.status_code == 200
        assert "存下的" not in answer.content.decode()


def test_every_list_saves_views(world: World, as_role: Reader) -> None:
    roles = ("street_clerk", "auditor", "platform_administrator", "security_administrator")
    readers = {role: as_role(role) for role in roles}
    for code, page in LISTS.items():
        role = next(role for role in roles if world.users[role].may(page.action))
        answer = readers[role].post(VIEWS, {"page": code, "name": code, "query": ""})
        assert answer.status_code == 302
        assert f"视图：{code}" in readers[role].get(answer.url).content.decode()
    assert SavedView.objects.count() == len(LISTS)
