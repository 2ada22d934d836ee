"""What the database keeps encrypted: SM4-GCM, under a key made from ``ENCRYPTION_KEY``.

A sealed text names its key by a short digest, so that a key is changed by moving the old one to
``ENCRYPTION_KEY_FALLBACKS``: new texts use the new key, old ones stay readable.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES, TAG_BYTES, KEY_BYTES = 12, 16, 16


class Unreadable(ValueError):
    """Sealed for something else, altered, or under a key that is no longer known."""


def seal(text: bytes, about: str) -> str:
    """Encrypt ``text``. It opens only for the same ``about``, so nobody can move it to another row."""
    key = settings.ENCRYPTION_KEY
    nonce = secrets.token_bytes(NONCE_BYTES)
    encryptor = Cipher(algorithms.SM4(_derived(key)), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(about.encode())
    body = encryptor.update(text) + encryptor.finalize()
    return f"{key_id(key)}:{base64.b64encode(nonce + encryptor.tag + body).decode()}"


def unseal(sealed: str, about: str) -> bytes:
    """What was sealed. Raises Unreadable."""
    name, _colon, packed = sealed.partition(":")
    known = {key_id(key): key for key in (settings.ENCRYPTION_KEY, *settings.ENCRYPTION_KEY_FALLBACKS)}
    try:
        raw = base64.b64decode(packed, validate=True)
        nonce, tag, body = raw[:NONCE_BYTES], raw[NONCE_BYTES:][:TAG_BYTES], raw[NONCE_BYTES + TAG_BYTES :]
        decryptor = Cipher(algorithms.SM4(_derived(known[name])), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(about.encode())
        return decryptor.update(body) + decryptor.finalize()
    except (KeyError, ValueError, InvalidTag) as error:
        raise Unreadable(about) from error


def key_id(key: str) -> str:
    """A name for a key that tells nothing of it."""
    return hashlib.sha256(f"key id {key}".encode()).hexdigest()[:8]


def _derived(key: str) -> bytes:
    """The cipher's key: the setting is a text of any length."""
    return HKDF(algorithm=SM3(), length=KEY_BYTES, salt=None, info=b"portal sealed fields").derive(
        key.encode()
    )


def fingerprint(text: str) -> str:
    """SM3 of a text that is random enough to need neither salt nor stretching: codes that we made ourselves."""
    digest = Hash(SM3())
    digest.update(text.encode())
    return digest.finalize().hex()
