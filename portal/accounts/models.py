"""Accounts beyond the user's row: open sessions, past passwords, one-time links, second factors.

Whatever would open an account stands here as a digest or encrypted, never in plain.
"""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId
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
    """A session that somebody opened by signing in; gone when the session is.

    Which sessions are whose: the sessions themselves tell it only to who decodes them one by one. Pages name a
    session by its ``public_id``, which says nothing of the key.
    """

    session = models.OneToOneField(Session, on_delete=models.CASCADE, primary_key=True, related_name="opened")
    public_id = models.UUIDField(db_default=NewPublicId(), unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    began_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)

    objects = OpenSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("登录会话")
        verbose_name_plural = _("登录会话")
        ordering = ["began_at", "pk"]

    def __str__(self) -> str:
        # Never the key: whoever reads it in a log has the session.
        return f"{self.user} {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def seen_at(self) -> dt.datetime:
        """When somebody was last there, to the minute."""
        seen = self.session.expire_date - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
        return max(seen, self.began_at)


class PastPassword(models.Model):
    """The hash of a password that a user has set, so that it cannot come back too soon; the latest one's age."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="past_passwords")
    digest = models.CharField(max_length=128)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("用过的密码")
        verbose_name_plural = _("用过的密码")

    def __str__(self) -> str:
        return f"{self.user_id} {self.at:%Y-%m-%d}"


class LinkKind(models.TextChoices):
    INVITATION = "invitation", _("邀请链接")
    RESET = "reset", _("重置密码链接")


class OneTimeLinkQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Neither used nor past their end."""
        return self.filter(used_at__isnull=True, expires_at__gt=timezone.now())


class OneTimeLink(models.Model):
    """A way to set one's password without knowing it: handed over by whoever made it, good once, for a time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="one_time_links")
    kind = models.CharField(max_length=20, choices=LinkKind.choices)
    digest = models.CharField(max_length=64, unique=True)
    frees_second_factor = models.BooleanField(default=False)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = OneTimeLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("一次性链接")
        verbose_name_plural = _("一次性链接")

    def __str__(self) -> str:
        return f"{self.user_id} {self.get_kind_display()}"


class SecondFactor(models.Model):
    """The secret that a user's authenticator shares with us, encrypted; ``last_step`` bars codes used before."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="second_factor"
    )
    secret = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)
    last_step = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("动态口令")
        verbose_name_plural = _("动态口令")

    def __str__(self) -> str:
        return str(self.user_id)


class RecoveryCode(models.Model):
    """Stands in for the authenticator, once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("恢复码")
        verbose_name_plural = _("恢复码")
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recoverycode_unique")]

    def __str__(self) -> str:
        return str(self.user_id)
