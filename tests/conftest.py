"""The cast: two cities, their places and the people who work there, the same in every test.

Names of what lies outside 甲区 carry the marker 外 so that a leak can be seen in any answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import override_settings
from pytest_django.plugin import blocking_manager_key

from communities.base import roles
from communities.choices import Level, PremisesKind
from communities.models import Committee, Division, Premises, User
from tests import factories
from tests.planting import Planting

FOREIGN = "外"


@dataclass
class World:
    """甲市 with 甲区 (甲街, 一社区 and 二社区) and 外区; 外市 in the same province."""

    province: Division
    city: Division
    district: Division
    street: Division
    community: Division
    neighbour: Division
    other_district: Division
    other_street: Division
    other_community: Division
    far_city: Division
    far_community: Division
    committees: dict[str, Committee] = field(default_factory=dict)
    premises: dict[str, Premises] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)


def build_world() -> World:
    province = factories.division("云省", Level.PROVINCE, factories.root())
    city = factories.division("甲市", Level.CITY, province)
    district = factories.division("甲区", Level.DISTRICT, city)
    street = factories.division("甲街道", Level.STREET, district)
    other_district = factories.division("外区", Level.DISTRICT, city)
    other_street = factories.division("外街道", Level.STREET, other_district)
    far_city = factories.division("外市", Level.CITY, province)
    far_district = factories.division("远外区", Level.DISTRICT, far_city)
    far_street = factories.division("远外街道", Level.STREET, far_district)
    world = World(
        province=province,
        city=city,
        district=district,
        street=street,
        community=factories.community("一社区", street),
        neighbour=factories.community("二社区", street),
        other_district=other_district,
        other_street=other_street,
        other_community=factories.community("外社区", other_street),
        far_city=far_city,
        far_community=factories.community("远外社区", far_street),
    )
    for key in ("community", "neighbour", "other_community", "far_community"):
        place = getattr(world, key)
        body = world.committees[key] = factories.committee(place)
        world.premises[key] = factories.premises(place, PremisesKind.OFFICE, committee=body)
    return world


def build_users(world: World) -> dict[str, User]:
    """One user per role, named by the role, all inside 甲区 but the city officer; and a stranger of 外区."""
    places = {
        roles.CITY_OFFICER: world.city,
        roles.STANDARDS_OFFICER: world.district,
        roles.DISTRICT_OFFICER: world.district,
        roles.STREET_CLERK: world.street,
        roles.COMMUNITY_WORKER: world.community,
        roles.API_CLIENT: world.district,
        roles.AUDITOR: world.city,
        roles.PLATFORM_ADMINISTRATOR: world.city,
        roles.SECURITY_ADMINISTRATOR: world.city,
    }
    users = {role.code: factories.user(role.code, role.code, place) for role, place in places.items()}
    users["stranger"] = factories.user("stranger", roles.DISTRICT_OFFICER.code, world.other_district)
    users["nobody"] = factories.user("nobody")
    return users


def build_cast() -> World:
    world = build_world()
    world.users = build_users(world)
    return world


_cast = Planting(build_cast)


@pytest.fixture
def world(db: None) -> World:
    return _cast.plant()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[Any]:
    """A test that commits leaves empty tables; what a migration planted there is planted again."""
    result = yield
    marked = item.get_closest_marker("django_db")
    names = set(getattr(item, "fixturenames", ()))
    commits = names & {"transactional_db", "live_server"} or (marked and marked.kwargs.get("transaction"))
    if commits and nextitem is not None:  # after the last one there is no database any more
        with item.config.stash[blocking_manager_key].unblock():
            factories.root()
            factories.holidays()
    return result


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A thread of a live server may still hold a session at the very end, and its database could not be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """The real hasher costs half a second a try."""
    with override_settings(PASSWORD_HASHERS=["tests.conftest.QuickHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Files of tests stay out of the checkout, and last as long as rows that are planted again and again."""
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


@pytest.fixture
def real_hasher(settings: Any) -> Iterator[None]:
    """Where the cost of a try is what matters."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    factories.password_hash.cache_clear()
    yield
    factories.password_hash.cache_clear()


class QuickHasher(PBKDF2PasswordHasher):
    """The real algorithm, a thousandth of its rounds."""

    iterations = PBKDF2PasswordHasher.iterations // 1000
