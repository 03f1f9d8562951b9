"""Passwords of the page's users, kept as salted scrypt hashes (RFC 7914)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

SHORTEST = 10  # letters
_COST = 2**15  # with blocks of 8 that is 32 MiB and a tenth of a second
_HIGHEST_COST = 2**17
_BLOCKS = 8
_SALT, _DIGEST = 16, 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasswordHash:
    """As the configuration holds it: ``scrypt:32768:salt:digest``, the last two in base64."""

    cost: int
    salt: bytes
    digest: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """:raises ValueError: it isn't one, or one that is too weak or too costly to check."""
        try:
            kind, cost, salt, digest = text.split(":")
            found = cls(
                cost=int(cost), salt=b64decode(salt, validate=True), digest=b64decode(digest, validate=True)
            )
        except (ValueError, binascii.Error):
            raise ValueError("write what `call-scheduler page hash` prints, never the password itself") from None
        if kind != "scrypt" or found.cost.bit_count() != 1 or not _COST <= found.cost <= _HIGHEST_COST:
            raise ValueError("it is no scrypt hash of this strength: make one with `call-scheduler page hash`")
        if len(found.salt) < _SALT or len(found.digest) != _DIGEST:
            raise ValueError("a part of the hash is missing: make a new one with `call-scheduler page hash`")
        return found

    @classmethod
    def of(cls, password: str) -> Self:
        """A new one, with a salt of its own."""
        salt = secrets.token_bytes(_SALT)
        return cls(cost=_COST, salt=salt, digest=_scrypt(password, salt, _COST))

    def fits(self, password: str) -> bool:
        """Costs what it takes to make one, whether it fits or not."""
        return hmac.compare_digest(self.digest, _scrypt(password, self.salt, self.cost))

    def __str__(self) -> str:
        return f"scrypt:{self.cost}:{b64encode(self.salt).decode()}:{b64encode(self.digest).decode()}"


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    memory = 129 * cost * _BLOCKS  # RFC 7914: 128 · cost · blocks, and a little beside
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=_BLOCKS, p=1, maxmem=memory + 2**20, dklen=_DIGEST
    )
