"""Pictures of the running portal, for looking at: pages x roles x sizes.

``python -m tests.browser.pictures URL ACCOUNTS FOLDER [WORD...]``: ACCOUNTS is the file of demo accounts that
``make run`` writes; with words only pages whose name holds one of them are taken.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.browser.chromium import SIZES, chromium

PATIENCE = 15_000


@dataclass(frozen=True)
class Shot:
    """One page as one role; ``follow`` clicks the first match of each selector before the picture."""

    name: str
    account: str
    path: str
    follow: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ("office", "wide", "phone")


SHOTS = (
    Shot("dashboard", "city", "/dashboard/"),
    Shot("dashboard-mean", "city", "/dashboard/?indicator=mean_area", sizes=("office",)),
    Shot("dashboard-district", "district", "/dashboard/"),
    Shot("dashboard-city-of-district", "district", "/dashboard/", (".crumbs a",), sizes=("office",)),
    Shot("dashboard-street", "street", "/dashboard/", sizes=("office", "phone")),
    Shot("dashboard-community", "worker", "/dashboard/", sizes=("office", "phone")),
    Shot("subjects", "city", "/dashboard/", (".outcome-table tbody tr:nth-child(2) a",)),
    Shot("workbench", "street", "/workbench/"),
    Shot("workbench-district", "district", "/workbench/", sizes=("office",)),
    Shot("community", "street", "/communities/", ("table.register tbody th a",)),
    Shot("scores", "city", "/scores/"),
    Shot("score", "street", "/scores/", ("table.league tbody th a",)),
    Shot(
        "score-rows", "street", "/scores/", ("table.league tbody th a", ".behind summary"), sizes=("office",)
    ),
    Shot("premises", "district", "/premises/"),
    Shot(
        "premises-detail", "street", "/premises/", ("table.register tbody th a",), sizes=("office", "phone")
    ),
    Shot("committees", "street", "/committees/", sizes=("office", "phone")),
    Shot("committee-detail", "street", "/committees/", ("table.register tbody th a",), sizes=("office",)),
    Shot("divisions", "city", "/divisions/", sizes=("office",)),
    Shot("division-detail", "city", "/divisions/", ("table.register tbody th a",), sizes=("office",)),
    Shot("communities", "city", "/communities/", sizes=("office",)),
    Shot("household-counts", "district", "/household-counts/", sizes=("office",)),
    Shot("exemptions", "city", "/exemptions/", sizes=("office",)),
    Shot("approvals", "district", "/approvals/"),
    Shot("approval", "district", "/approvals/", ("table.register tbody th a",)),
    Shot("approval-returned", "street", "/approvals/all/?state=returned", ("table.register tbody th a",)),
    Shot("approval-routes", "standards", "/approval-routes/", sizes=("office",)),
    Shot(
        "approval-route",
        "standards",
        "/approval-routes/",
        ("table.register tbody th a",),
        sizes=("office", "phone"),
    ),
    Shot("approval-route-new", "standards", "/approval-routes/new/", sizes=("office", "phone")),
    Shot("delegation-new", "street", "/approval-delegations/new/", sizes=("office",)),
    Shot("freeze-new", "standards", "/approval-freezes/new/", sizes=("office",)),
    Shot("holiday", "street", "/holiday-schedules/", ("table.register tbody th a",), sizes=("office",)),
    Shot("exemption-requests", "street", "/exemption-requests/", sizes=("office", "phone")),
    Shot(
        "exemption-request",
        "street",
        "/exemption-requests/",
        ("table.register tbody th a",),
        sizes=("office",),
    ),
    Shot("evidence", "street", "/evidence/", sizes=("office", "phone")),
    Shot("evidence-one", "street", "/evidence/", ("table.register tbody th a",), sizes=("office", "phone")),
    Shot("evidence-new", "street", "/evidence/new/", sizes=("office",)),
    Shot("nil-statements", "city", "/nil-statements/", sizes=("office",)),
    Shot("policy-documents", "standards", "/policy-documents/", sizes=("office", "phone")),
    Shot(
        "policy-document",
        "standards",
        "/policy-documents/",
        ("table.register tbody th a",),
        sizes=("office",),
    ),
    Shot("thresholds", "standards", "/thresholds/", sizes=("office",)),
    Shot("threshold", "standards", "/thresholds/", ("table.register tbody th a",), sizes=("office",)),
    Shot("users", "platform", "/users/", sizes=("office", "phone")),
    Shot("user", "platform", "/users/", ("table.register tbody th a",), sizes=("office",)),
    Shot("user-new", "platform", "/users/new/", sizes=("office", "phone")),
    Shot("tokens", "platform", "/api-tokens/", sizes=("office",)),
    Shot("grant", "security", "/role-assignments/new/", sizes=("office", "phone")),
    Shot("profile", "street", "/accounts/profile/", sizes=("office", "phone")),
    Shot("password", "street", "/accounts/password/", sizes=("office", "phone")),
    Shot("second-factor", "street", "/accounts/second-factor/", sizes=("office", "phone")),
    Shot("organisations", "platform", "/organisations/", sizes=("office",)),
    Shot("roles", "security", "/role-assignments/", sizes=("office",)),
    Shot("changes", "auditor", "/change-records/", sizes=("office",)),
    Shot("sign-ins", "auditor", "/sign-in-records/", sizes=("office",)),
    Shot("picker", "city", "/dashboard/", ("[data-place-picker]",), sizes=("office", "phone")),
    Shot("places", "city", "/places/?q=东", sizes=("office",)),
    Shot("missing", "street", "/premises/00000000-0000-7000-8000-000000000000/", sizes=("office",)),
)


def passwords(file: Path) -> dict[str, tuple[str, str]]:
    """Account name to (user name, password), from the lines that ``make run`` prints."""
    found = {}
    for line in file.read_text().splitlines():
        words = line.split()
        if words[:1] == ["account"]:
            found[words[1]] = (words[1], words[2])
    return found


def sign_in(context: BrowserContext, url: str, username: str, password: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("button[type=submit], form button")
    page.wait_for_load_state("networkidle")
    page.close()


def settle(page: Page) -> None:
    """Until the parts of the page have been read and drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(250)


def take(url: str, accounts: Path, folder: Path, words: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    known = passwords(accounts)
    with chromium() as browser:
        states: dict[str, object] = {}
        for shot in SHOTS:
            if words and not any(word in shot.name for word in words):
                continue
            username, password = next(
                (pair for name, pair in known.items() if name.startswith(shot.account)), (shot.account, "")
            )
            for size in shot.sizes:
                width, height = SIZES[size]
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    locale="zh-CN",
                    storage_state=states.get(username),
                )
                context.set_default_timeout(PATIENCE)
                if username not in states:
                    sign_in(context, url, username, password)
                    states[username] = context.storage_state()
                page = context.new_page()
                page.on("console", lambda message: print("  console:", message.type, message.text))
                page.goto(url + shot.path)
                settle(page)
                for selector in shot.follow:
                    page.locator(selector).first.click()
                    settle(page)
                wide = page.evaluate("document.documentElement.scrollWidth")
                print(shot.name, size, page.title(), "TOO WIDE" if wide > width else "")
                page.screenshot(
                    path=folder / f"{shot.name}-{size}.png", full_page=size == "phone" or "full" in words
                )
                context.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
