"""Handing mail to an SMTP server, with TLS and a login (only here: smtplib)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

from scheduler.errors import DeliveryFailed

_TIMEOUT_SECONDS = 10.0  # of each step


class Security(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"  # it begins in the clear, and goes on only once it is encrypted
    TLS = "tls"
    NONE = "none"  # to a server on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The server that takes our mail; without a user nobody logs in."""

    host: str
    port: int
    security: Security
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_bundle: Path | None = None


def send_mail(settings: MailSettings, message: EmailMessage) -> None:
    """Hand one message over; it has its From and To.

    :raises DeliveryFailed: the server doesn't take it, or can't be reached; it may be tried again.
    """
    where = f"mail server {settings.host}:{settings.port}"
    try:
        with _connected(settings) as server:
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryFailed(f"{where}: the login was refused (status {error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailed(f"{where}: refused with status {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise DeliveryFailed(f"{where}: the recipient was refused (status {codes})") from None
    # An address that isn't plain ASCII, a server without STARTTLS, TLS that fails, a connection that breaks off.
    except (smtplib.SMTPException, ValueError, OSError) as error:
        raise DeliveryFailed(f"{where}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate isn't trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


@contextmanager
def _connected(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    """A connection that is encrypted as it should be, logged in."""
    server = _connect(settings)
    try:
        if settings.username:
            server.login(settings.username, settings.password)
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):  # what was taken stays taken
            server.quit()


def _connect(settings: MailSettings) -> smtplib.SMTP:
    if settings.security is Security.TLS:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=_TIMEOUT_SECONDS, context=_trusted(settings))
    server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_SECONDS)
    if settings.security is Security.STARTTLS:
        try:
            server.starttls(context=_trusted(settings))
        except BaseException:
            server.close()
            raise
    return server


def _trusted(settings: MailSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_bundle)
