"""Mail to a real SMTP server: encrypted and logged in, or not sent at all."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from scheduler.errors import DeliveryFailed
from scheduler.mail import Security, send_mail
from tests.hostile import make_certificates
from tests.mailbox import PASSWORD, mail_server
from tests.servers import free_port


def message() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "calls@example.com", "admin@example.com", "Straße 5"
    made.set_content("Une façon de dire.\n")
    return made


# Of aiosmtpd, which doesn't count a connection that is encrypted from its first byte as one with TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_mail_arrives_encrypted_after_a_login(security: Security, tmp_path: Path) -> None:
    with mail_server(security, make_certificates(tmp_path)) as mailbox:
        send_mail(mailbox.settings, message())
    (arrived,) = mailbox.messages
    assert (arrived["Subject"], arrived.get_content().strip()) == ("Straße 5", "Une façon de dire.")
    assert mailbox.encrypted == [True]


def test_a_server_of_this_machine_gets_it_without_tls() -> None:
    with mail_server() as mailbox:
        send_mail(mailbox.settings, message())
    assert [one["To"] for one in mailbox.messages] == ["admin@example.com"]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_trusts_gets_no_password(security: Security, tmp_path: Path) -> None:
    certificates, untrusted = make_certificates(tmp_path), pytest.raises(DeliveryFailed, match="isn't trusted")
    with mail_server(security, certificates) as mailbox, untrusted:
        send_mail(replace(mailbox.settings, ca_bundle=None), message())
    assert mailbox.messages == []


def test_a_server_without_starttls_gets_nothing() -> None:
    with mail_server() as mailbox:
        settings = replace(mailbox.settings, security=Security.STARTTLS, username="calls", password=PASSWORD)
        with pytest.raises(DeliveryFailed, match="STARTTLS"):
            send_mail(settings, message())
    assert mailbox.messages == []


def test_a_wrong_password_is_told_without_the_password(tmp_path: Path) -> None:
    certificates, refused = make_certificates(tmp_path), pytest.raises(DeliveryFailed, match="login was refused")
    with mail_server(Security.STARTTLS, certificates) as mailbox, refused as refusal:
        send_mail(replace(mailbox.settings, password="a-wrong-one"), message())
    assert "a-wrong-one" not in str(refusal.value)


def test_what_the_server_refuses_is_told_by_its_status() -> None:
    with mail_server() as mailbox:
        mailbox.refusals = ["452 admin@example.com has no room"]
        with pytest.raises(DeliveryFailed, match="refused with status 452") as refusal:
            send_mail(mailbox.settings, message())
    assert "admin@example.com" not in str(refusal.value)


def test_a_server_that_is_away_is_told() -> None:
    with mail_server() as mailbox:
        settings = replace(mailbox.settings, port=free_port())
        with pytest.raises(DeliveryFailed, match=f"127.0.0.1:{settings.port}: Connection refused"):
            send_mail(settings, message())
