"""Demo accounts: who they are, and the file in which their passwords are kept on this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction

from communities.base import roles
from communities.base.roles import Role
from communities.choices import DivisionKind, Level, OrganisationKind
from communities.models import Division, Organisation, RoleAssignment, User
from portal.demo.cities import ProvincePlan
from portal.demo.copying import insert
from portal.demo.plan import CityPlan, CommunityPlan, Place
from portal.demo.specs import JICHUAN, YULAN, YUNZHOU
from portal.demo.store import take_ids

USERNAMES = (
    *("city", "district", "street", "worker", "standards", "api"),
    *("auditor", "platform_admin", "security_admin"),
    *("city_yulan", "city_jichuan"),
)
# The district that trails furthest: the one where there is most to see.
DISTRICT = "岚桥区"
PASSWORD_BYTES = 12


@dataclass(frozen=True)
class Account:
    """One demo account and its body."""

    username: str
    name: str
    role: Role
    place: Place | Division
    organisation: str
    kind: OrganisationKind


def chosen_places(plan: ProvincePlan) -> tuple[Place, Place, CommunityPlan]:
    """District, street and community of the demo's officers, each within the one before.

    The street is the one in its district whose committees stand most variously; the community the one there with
    the most committees, then the most rooms.
    """
    city = plan.cities[YUNZHOU.name]
    district = next(place for place in city.places if place.name == DISTRICT)
    streets = [place for place in city.places if place.parent is district]

    def variety(street: Place) -> tuple[int, int]:
        communities = below(city, street)
        standings = {body.office for community in communities for body in community.bodies}
        standings_of_service = {community.service for community in communities}
        return len(standings) + len(standings_of_service), len(communities)

    street = max(streets, key=variety)
    community = max(below(city, street), key=lambda c: (len(c.judged(plan.timeline.anchor)), len(c.rooms)))
    return district, street, community


def below(city: CityPlan, street: Place) -> list[CommunityPlan]:
    return [community for community in city.communities if community.place.parent is street]


def accounts_of(plan: ProvincePlan, root: Division) -> list[Account]:
    """The eleven accounts of the demo: nine of the large city, and an officer of each small one."""
    city = plan.cities[YUNZHOU.name].place
    district, street, community = chosen_places(plan)
    kinds = OrganisationKind
    bureau, district_bureau = f"{city.name}民政局", f"{DISTRICT}民政局"
    province = f"{plan.place.name}民政厅"
    office = office_name(street)
    committee = community.judged(plan.timeline.anchor)[0].name
    return [
        Account("city", "市级演示账号", roles.CITY_OFFICER, city, bureau, kinds.CIVIL_AFFAIRS),
        Account(
            "district",
            "区级演示账号",
            roles.DISTRICT_OFFICER,
            district,
            district_bureau,
            kinds.CIVIL_AFFAIRS,
        ),
        Account("street", "街道演示账号", roles.STREET_CLERK, street, office, kinds.STREET_OFFICE),
        Account(
            "worker", "社区演示账号", roles.COMMUNITY_WORKER, community.place, committee, kinds.COMMITTEE
        ),
        Account("standards", "标准演示账号", roles.STANDARDS_OFFICER, city, bureau, kinds.CIVIL_AFFAIRS),
        Account("api", "接口演示账号", roles.API_CLIENT, city, f"{city.name}政务数据平台", kinds.PARTNER),
        Account("auditor", "审计演示账号", roles.AUDITOR, root, province, kinds.CIVIL_AFFAIRS),
        Account(
            "platform_admin",
            "平台管理演示账号",
            roles.PLATFORM_ADMINISTRATOR,
            root,
            province,
            kinds.CIVIL_AFFAIRS,
        ),
        Account(
            "security_admin",
            "安全管理演示账号",
            roles.SECURITY_ADMINISTRATOR,
            root,
            province,
            kinds.CIVIL_AFFAIRS,
        ),
        *(
            Account(
                username,
                f"{spec.name}演示账号",
                roles.CITY_OFFICER,
                plan.cities[spec.name].place,
                f"{spec.name}民政局",
                kinds.CIVIL_AFFAIRS,
            )
            for username, spec in (("city_yulan", YULAN), ("city_jichuan", JICHUAN))
        ),
    ]


def office_name(street: Place) -> str:
    """街道办事处 for a street, the people's government for towns and townships."""
    return street.name + ("办事处" if street.kind == DivisionKind.STREET else "人民政府")


def store_accounts(plan: ProvincePlan, root: Division, credentials: Credentials) -> None:
    """Organisations, users with their passwords, and their roles."""
    accounts = accounts_of(plan, root)
    organisations = store_organisations(plan, accounts)
    ids = take_ids(User, len(accounts))
    users = {
        account.username: User(
            pk=next(ids),
            username=account.username,
            name=account.name,
            organisation_id=organisations[account.organisation],
            password=credentials.digest(account.username),
            is_demo=True,
        )
        for account in accounts
    }
    insert(User, users.values())
    insert(
        RoleAssignment,
        (
            RoleAssignment(
                user_id=users[account.username].pk,
                role=account.role.code,
                division_id=account.place.pk,
                organisation_id=organisations[account.organisation],
                valid=(None, None),
            )
            for account in accounts
        ),
    )


def store_organisations(plan: ProvincePlan, accounts: Sequence[Account]) -> dict[str, int]:
    """Bureaus of cities and districts, offices of streets and towns, bodies of the accounts; id by name."""
    bodies: dict[str, tuple[OrganisationKind, int]] = {}
    for city in plan.cities.values():
        for place in city.places:
            if place.level == Level.STREET:
                bodies[office_name(place)] = (OrganisationKind.STREET_OFFICE, place.pk)
            elif place.level in {Level.CITY, Level.DISTRICT}:
                bodies[f"{place.name}民政局"] = (OrganisationKind.CIVIL_AFFAIRS, place.pk)
    for account in accounts:
        seat = plan.place.pk if isinstance(account.place, Division) else account.place.pk
        bodies.setdefault(account.organisation, (account.kind, seat))
    ids = take_ids(Organisation, len(bodies))
    rows = {
        name: Organisation(pk=next(ids), name=name, kind=kind, division_id=division)
        for name, (kind, division) in bodies.items()
    }
    insert(Organisation, rows.values())
    return {name: row.pk for name, row in rows.items()}


# ---------------------------------------------------------------- passwords


class Credentials:
    """New passwords, hashed in the background: each takes a third of a second of pure computing."""

    def __init__(self, usernames: Iterable[str]) -> None:
        self.passwords = {username: secrets.token_urlsafe(PASSWORD_BYTES) for username in usernames}
        pool = ThreadPoolExecutor(max_workers=os.cpu_count())
        self._digests = {
            username: pool.submit(make_password, password) for username, password in self.passwords.items()
        }
        pool.shutdown(wait=False)

    def digest(self, username: str) -> str:
        """What stands in the row of the user."""
        return self._digests[username].result()


@transaction.atomic
def renew_passwords() -> dict[str, str]:
    """New passwords for the demo accounts that stand, by user name."""
    users = list(User.objects.live().filter(is_demo=True).order_by("pk"))
    credentials = Credentials(user.username for user in users)
    for user in users:
        user.password = credentials.digest(user.username)
    User.objects.bulk_update(users, ["password"])
    return credentials.passwords


def is_of(file: Path, installation: str) -> bool:
    """Whether the file holds the accounts of this very loading."""
    try:
        return file.read_text(encoding="utf-8").startswith(heading(installation))
    except FileNotFoundError:
        return False


def heading(installation: str) -> str:
    return f"# demo {installation}\n"


def write_file(file: Path, installation: str, passwords: dict[str, str]) -> None:
    """Write ``account USERNAME PASSWORD ROLE`` lines, readable by the owner alone, all or nothing."""
    held = dict(
        RoleAssignment.objects.live()
        .filter(user__username__in=passwords, user__is_demo=True)
        .values_list("user__username", "role")
    )
    lines = [f"account {username} {password} {held[username]}\n" for username, password in passwords.items()]
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(heading(installation) + "".join(lines))
    fresh.replace(file)
