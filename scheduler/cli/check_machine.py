"""The part of ``check`` that looks at what runs out on this machine: room for the ledger, and certificates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from scheduler.cli.finding import Finding
from scheduler.config import Config
from scheduler.ledger.collections import title_of

# A call takes a few kilobytes; what the ledger's log grows to before it is taken over takes more.
_TOO_LITTLE = 50_000_000
_LITTLE = 1_000_000_000
_SOON = timedelta(days=14)


def look_at_machine(config: Config, now: datetime) -> Iterator[Finding]:
    yield look_at_room(config.ledger, _free(config.ledger))
    for name, login in config.logins.items():
        if login.tls.certificate is not None:
            yield look_at_certificate(f"certificate of {title_of(name)}", login.tls.certificate, now)


def look_at_room(ledger: Path, free: int) -> Finding:
    """:param free: bytes."""
    remedy = "" if free >= _LITTLE else ": make room, since calls wait, and are missed, where none can be recorded"
    return Finding(
        subject=f"room for {ledger}",
        fine=free >= _TOO_LITTLE,
        warns=free < _LITTLE,
        text=f"{free // 1_000_000} MB free{remedy}",
    )


def look_at_certificate(subject: str, path: Path, now: datetime) -> Finding:
    """The first of the file to expire: a chain holds others."""
    try:
        ends_at = min(one.not_valid_after_utc for one in load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "holds no certificate in PEM that can be read"
        return Finding(subject=subject, fine=False, text=f"{path}: {said}")
    remedy = "" if ends_at - now > _SOON else ": get another one before, or nobody gets in there"
    return Finding(
        subject=subject,
        fine=ends_at > now,
        warns=ends_at - now <= _SOON,
        text=f"{path} is valid until {ends_at:%Y-%m-%d %H:%M} UTC{remedy}",
    )


def _free(ledger: Path) -> int:
    """Where it is, or will be made."""
    return shutil.disk_usage(next(folder for folder in ledger.parents if folder.exists())).free
