"""Whom we trust, and who we are, where a server is spoken to over TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files: the authorities that are trusted in place of the machine's, and who we are to the server."""

    ca_bundle: Path | None = None
    certificate: Path | None = None
    key: Path | None = None  # None: it stands in the certificate's file

    @property
    def verify(self) -> bool | str:
        """As requests and niquests take it."""
        return True if self.ca_bundle is None else str(self.ca_bundle)

    @property
    def cert(self) -> tuple[str, str] | str | None:
        """As requests and niquests take it."""
        if self.certificate is None or self.key is None:
            return str(self.certificate) if self.certificate else None
        return str(self.certificate), str(self.key)
