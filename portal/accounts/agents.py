"""Open sessions as people know them: the browser and system in words, not what the browser calls itself."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.models import User
from portal.accounts import sessions
from portal.accounts.models import OpenSession

# The first that fits: browsers that build on others name those too.
BROWSERS = (
    ("DingTalk", gettext_lazy("钉钉")),
    ("wxwork", gettext_lazy("企业微信")),
    ("MicroMessenger", gettext_lazy("微信")),
    ("QQBrowser", gettext_lazy("QQ 浏览器")),
    ("QIHU|360SE|360EE", gettext_lazy("360 浏览器")),
    ("Qaxbrowser", gettext_lazy("奇安信浏览器")),
    ("UBrowser|UCBrowser", gettext_lazy("UC 浏览器")),
    ("Edg", gettext_lazy("Edge 浏览器")),
    ("OPR/", gettext_lazy("Opera 浏览器")),
    ("Firefox", gettext_lazy("火狐浏览器")),
    ("Chrome|CriOS", gettext_lazy("Chrome 浏览器")),
    ("Safari", gettext_lazy("Safari 浏览器")),
)
SYSTEMS = (
    ("HarmonyOS", gettext_lazy("鸿蒙系统")),
    ("Android", gettext_lazy("安卓手机")),
    ("iPhone", gettext_lazy("苹果手机")),
    ("iPad", gettext_lazy("苹果平板")),
    ("Windows", gettext_lazy("Windows 电脑")),
    ("Mac OS", gettext_lazy("苹果电脑")),
    ("UOS|Kylin", gettext_lazy("国产系统电脑")),
    ("Linux", gettext_lazy("Linux 电脑")),
)


def device_words(agent: str) -> str:
    """What a person would call the device behind a user agent."""
    browser = next((word for mark, word in BROWSERS if re.search(mark, agent)), None)
    system = next((word for mark, word in SYSTEMS if re.search(mark, agent)), None)
    words = [str(word) for word in (system, browser) if word is not None]
    return "，".join(words) or _("未知设备")


@dataclass(frozen=True)
class Listed:
    """An open session as a page shows it."""

    row: OpenSession
    device: str
    is_this: bool


def listed(user: User, key: str | None = None) -> list[Listed]:
    """The user's living sessions, the latest first; ``key`` is that of the reader's own."""
    rows = user.open_sessions.living().select_related("session").order_by("-began_at", "-pk")
    return [Listed(row, device_words(row.agent), row.pk == key) for row in rows]


def end_by_text(user: User, text: str) -> bool:
    """End the session that a form names; anything that is no id names none."""
    try:
        return sessions.end_one(user, str(uuid.UUID(text)))
    except ValueError:
        return False
