"""The password profile."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from communities.models import User
from portal.accounts.passwords import one_time_password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Ab1-Ab1-A", "password_too_short"),
        ("abcdefghijk1", "password_too_few_classes"),
        ("ABCDEFGHIJ-", "password_too_few_classes"),
        ("x-Wangxm-2026", "password_contains_username"),
        ("x-WANGXM-2026a", "password_contains_username"),
    ],
)
def test_weak_passwords_are_refused(password: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password(password, User(username="wangxm", name="王小明"))
    assert code in {error.code for error in caught.value.error_list}


@pytest.mark.parametrize("password", ["Kite-flying8", "kite flying 8", "风筝Kite飞得高88", "x" * 40 + "A1"])
def test_good_ones_pass(password: str) -> None:
    validate_password(password, User(username="wangxm", name="王小明"))


def test_one_time_passwords_pass_and_differ() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        validate_password(password, User(username="wangxm"))
