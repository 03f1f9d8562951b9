"""A real SMTP server for tests: aiosmtpd, with TLS and a login, which keeps what it takes."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from scheduler.mail import MailSettings, Security
from tests.hostile import Certificates
from tests.servers import free_port

USER, PASSWORD = "calls", "not-a-real-mail-password"


class Mailbox:
    """What came, and what the server answers to the next messages instead of taking them."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.refusals: list[str] = []
        self.settings: MailSettings

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.encrypted.append(isinstance(server.transport.get_extra_info("ssl_object"), ssl.SSLObject))  # type: ignore[union-attr]
        return "250 taken"


def _login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(
    security: Security = Security.NONE, certificates: Certificates | None = None, *, port: int = 0
) -> Iterator[Mailbox]:
    """With TLS it demands a login besides."""
    mailbox = Mailbox()
    options: dict[str, Any] = {}
    if certificates is not None:
        options = {
            "authenticator": _login,
            "auth_required": True,
            "auth_require_tls": security is Security.STARTTLS,
        }
        context = "tls_context" if security is Security.STARTTLS else "ssl_context"
        options[context] = certificates.context
    if security is Security.STARTTLS:
        options["require_starttls"] = True
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    mailbox.settings = MailSettings(
        host="127.0.0.1",
        port=controller.port,
        security=security,
        sender="Calls <calls@example.com>",
        username=USER if certificates else "",
        password=PASSWORD if certificates else "",
        ca_bundle=certificates.bundle if certificates else None,
    )
    try:
        yield mailbox
    finally:
        controller.stop()
