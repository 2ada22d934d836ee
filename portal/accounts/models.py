"""Which sessions are whose: the sessions themselves tell it only to who decodes them one by one."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.models import User


class OpenSessionQuerySet(models.QuerySet):
    def living(self) -> Self:
        """Those that their next request would not find over.

        Each write of a session moves its expiry to the absolute length from then on, and being seen is written
        down: so the expiry tells how long ago somebody was there.
        """
        unused = settings.SESSION_COOKIE_AGE - settings.SESSION_IDLE_SECONDS
        return self.filter(session__expire_date__gt=timezone.now() + dt.timedelta(seconds=unused))


class OpenSession(models.Model):
    """A session that somebody opened by signing in; gone when the session is."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, primary_key=True, related_name="opened")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    began_at = models.DateTimeField()

    objects = OpenSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("登录会话")
        verbose_name_plural = _("登录会话")
        ordering = ["began_at", "pk"]

    def __str__(self) -> str:
        # Never the key: whoever reads it in a log has the session.
        return f"{self.user} {self.began_at:%Y-%m-%d %H:%M}"
