"""Password check, and who may come back with a session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.http import HttpRequest

from communities.models import User
from portal.accounts import second_factor


class AccountBackend(ModelBackend):
    """User name and password; only accounts that are active, not deleted and not past their last day.

    Sessions are looked up here too, so an account that is switched off is out at its next request. Rights do
    not come from Django's permissions but from role assignments.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The user, or None. Marks the request, so that a refused guess is told from an evaluated one."""
        if request is not None:
            request.password_was_checked = True  # type: ignore[attr-defined]
        found: User | None = super().authenticate(request, username=username, password=password, **kwargs)
        return found

    def user_can_authenticate(self, user: Any) -> bool:
        """Asked at sign-in and for each request of a session."""
        allowed: bool = user.may_sign_in
        return allowed

    get_user_permissions = BaseBackend.get_user_permissions
    get_group_permissions = BaseBackend.get_group_permissions
    get_all_permissions = BaseBackend.get_all_permissions
    has_perm = BaseBackend.has_perm


class SecondStepBackend(BaseBackend):
    """A code after the password. Only a door of its own, so that guesses at codes meet the same lock-out.

    Nobody comes back with a session of this backend: sessions are opened in the name of AccountBackend.
    """

    def authenticate(  # type: ignore[override] # by name and code, never by password
        self, request: HttpRequest | None, username: str | None = None, code: str | None = None
    ) -> User | None:
        """The user whose code it is, or None. Marks the request, as a password does."""
        if request is None or username is None or code is None:
            return None
        request.password_was_checked = True  # type: ignore[attr-defined]
        user = User.objects.live().filter(username=username).first()
        if user is None or not user.may_sign_in or not second_factor.holds(user, code):
            return None
        return user
