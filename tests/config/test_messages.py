"""[mail], [alerts] and [ping]: what they are by default, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.alert import AlertKind
from scheduler.config import read_config
from tests.config.files import PASSWORD, VALID, problem_in, write

MAIL = '\n[mail]\nhost = "smtp.example.com"\nsender = "Calls <calls@example.com>"\n'
LOGIN = 'username = "calls"\npassword = { file = "secret" }\n'


def test_without_these_tables_nobody_is_told(tmp_path: Path) -> None:
    messages = read_config(write(tmp_path)).messages
    assert (messages.mail, messages.webhook, messages.ping, messages.alerts.recipients) == (None, "", None, ())


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_is_that_of_the_way(tmp_path: Path, security: str, port: int) -> None:
    mail = read_config(write(tmp_path, VALID + MAIL + LOGIN + f'security = "{security}"\n')).messages.mail
    assert mail is not None
    assert (mail.port, mail.username, mail.password) == (port, "calls", PASSWORD)
    assert PASSWORD not in repr(mail)


def test_alerts_go_to_every_address_and_the_webhook_about_calendars_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://hooks.example.com/secret\n")
    alerts = '\n[alerts]\nmail = ["admin@example.com"]\nwebhook = { file = "url" }\ntell = ["missed"]\n'
    messages = read_config(write(tmp_path, VALID + MAIL + alerts)).messages
    assert messages.alerts.recipients == ("mail:admin@example.com", "webhook")
    assert messages.webhook == "https://hooks.example.com/secret"
    assert messages.alerts.tell == {AlertKind.MISSED}
    assert messages.alerts.collections == {"sales"}


def test_a_ping_has_its_url_from_a_secret(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://ping.example.com/secret\n")
    ping = read_config(
        write(tmp_path, VALID + '\n[ping]\nurl = { file = "url" }\nevery = "5 min"\n')
    ).messages.ping
    assert ping is not None
    assert (ping.url, ping.every) == ("https://ping.example.com/secret", timedelta(minutes=5))
    assert "secret" not in repr(ping)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('\n[alerts]\nmail = ["admin@example.com"]\n', "alerts.mail: add [mail]"),
        (MAIL + 'security = "none"\n', "only a server on this machine gets mail without TLS"),
        (MAIL + 'username = "calls"\n', "username and password: give both, or neither"),
        ('\n[mail]\nhost = "localhost"\nsender = "calls"\n', "mail.sender: write an address"),
        (
            '\n[mail]\nhost = "localhost"\nsender = "a\\nBcc: b <c@example.com>"\n',
            "mail.sender: write an address",
        ),
        ('\n[alerts]\nwebhook = { file = "secret" }\n', "alerts.webhook: the secret has to be a URL"),
        ('\n[alerts]\ntell = ["everything"]\n', "alerts.tell"),
        ('\n[ping]\nurl = { file = "secret" }\n', "ping.url: the secret has to be a URL"),
        ('\n[ping]\nurl = "https://ping.example.com/secret"\n', "ping.url: a secret doesn't stand in this file"),
    ],
)
def test_what_can_not_be_meant_is_told_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    told = problem_in(tmp_path, text)
    assert problem in told
    assert ", line " in told
