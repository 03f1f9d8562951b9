"""Logins in the configuration: the same words for every calendar, and faults told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config import CalendarConfig, read_config
from tests.config.files import PASSWORD, VALID, problems_of, write
from tests.hostile import make_certificates

CALDAV = 'caldav = "https://example.com/ann/"'
FEED = 'url = "https://example.com/ann.ics"'
OAUTH = """
[calendar.oauth]
token_url = "https://login.example.com/token"
client_id = "us"
"""


def with_login(lines: str, source: str = CALDAV) -> str:
    """The valid configuration, whose calendar is logged in to so."""
    return VALID.replace('file = "sales.ics"\norigin = "+3228160258"\n', f"{source}\n{lines}\n")


def calendar_of(folder: Path, lines: str, source: str = CALDAV, *, secrets: bool = True) -> CalendarConfig:
    return read_config(write(folder, with_login(lines, source)), secrets=secrets).calendars[0]


@pytest.mark.parametrize("source", [CALDAV, FEED])
def test_a_bearer_token_is_read(tmp_path: Path, source: str) -> None:
    assert calendar_of(tmp_path, 'token = { file = "secret" }', source).source.login.token == PASSWORD


@pytest.mark.parametrize("source", [CALDAV, FEED])
def test_client_credentials_are_read(tmp_path: Path, source: str) -> None:
    oauth = calendar_of(tmp_path, OAUTH + 'client_secret = { file = "secret" }', source).source.login.oauth
    assert oauth is not None
    assert (oauth.client_id, oauth.client_secret, oauth.refresh) == ("us", PASSWORD, None)


def test_a_refresh_token_is_kept_beside_the_ledger(tmp_path: Path) -> None:
    text = 'refresh_token = { file = "secret" }\n[ledger]\npath = "state/ledger.db"'
    oauth = calendar_of(tmp_path, OAUTH + text).source.login.oauth
    assert oauth is not None
    assert oauth.refresh is not None
    assert oauth.refresh.given == PASSWORD
    assert oauth.refresh.path == tmp_path / "state" / "tokens" / "calendar%20sales.json"


def test_certificates_are_read_with_or_without_a_file_for_their_key(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    apart = (
        'certificate = "certificate.pem"\ncertificate_key = { file = "key.pem" }\nca_bundle = "certificate.pem"'
    )
    tls = calendar_of(tmp_path, apart).source.login.tls
    assert (tls.certificate, tls.key, tls.ca_bundle) == (files.bundle, files.key, files.bundle)
    (tmp_path / "both.pem").write_bytes(files.bundle.read_bytes() + files.key.read_bytes())
    assert calendar_of(tmp_path, 'certificate = "both.pem"').source.login.tls.key is None


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            'token = { file = "secret" }\nusername = "ann"\npassword = { file = "secret" }',
            "name one way to log in",
        ),
        ('password = { file = "secret" }', "username: say whose password it is"),
        ('certificate_key = { file = "key.pem" }', "say to which certificate the key belongs"),
        ('certificate = "none.pem"', "none.pem can't be used: No such file or directory"),
        ('certificate = "secret"', "secret can't be used: not a certificate (and key) in PEM"),
        ('certificate = "certificate.pem"', "certificate.pem can't be used: not a certificate (and key) in PEM"),
        ('certificate = "certificate.pem"\ncertificate_key = { env = "HOME" }', "this one has to be a file"),
        ('certificate = "certificate.pem"\ncertificate_key = { file = "none" }', "No such file or directory"),
        ('ca_bundle = "none.pem"', "none.pem can't be used: No such file or directory"),
        ('ca_bundle = "secret"', "secret can't be used: not a certificate (and key) in PEM"),
        (OAUTH, "give client_secret, refresh_token or both"),
        (OAUTH + 'client_secret = "plain"', "a secret doesn't stand in this file"),
        (OAUTH + 'refresh_token = { file = "none" }', "the secret's file none: No such file or directory"),
        (OAUTH + 'client_secret = { file = "secret" }\nclient = "us"', "there is no such option"),
    ],
)
def test_a_login_that_cant_be_used_is_a_problem_with_its_line(tmp_path: Path, lines: str, problem: str) -> None:
    make_certificates(tmp_path)
    (found,) = problems_of(write(tmp_path, with_login(lines)))
    assert found.startswith("config.toml, line 1")
    assert problem in found


@pytest.mark.parametrize(
    "lines",
    [
        'username = "ann"\npassword = { file = "none" }',
        'token = { file = "none" }',
        OAUTH + 'client_secret = { file = "none" }\nrefresh_token = { file = "secret" }',
        OAUTH + 'client_secret = { file = "secret" }\nrefresh_token = { file = "none" }',
        'certificate = "certificate.pem"\ncertificate_key = { file = "none" }',
    ],
)
def test_a_user_who_cant_read_the_secrets_doesnt_log_in_without_them(tmp_path: Path, lines: str) -> None:
    assert calendar_of(tmp_path, lines, secrets=False).locked


@pytest.mark.parametrize("lines", ['token = { file = "secret" }', OAUTH + 'refresh_token = { file = "secret" }'])
def test_no_login_is_in_what_a_log_would_print(tmp_path: Path, lines: str) -> None:
    assert PASSWORD not in repr(calendar_of(tmp_path, lines))


BOOK = """
[[contacts]]
name = "customers"
carddav = "https://example.com/ann/"
every = "10 min"
"""


def test_an_address_book_is_logged_in_to_in_the_same_words(tmp_path: Path) -> None:
    text = BOOK + 'display_name = "Customers"\nusername = "ann"\npassword = { file = "secret" }\n'
    (book,) = read_config(write(tmp_path, VALID + text)).books
    assert (book.name, book.source.login.password, book.locked) == ("customers", PASSWORD, False)
    assert (book.source.display_name, book.every.total_seconds()) == ("Customers", 600)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[contacts]]\nname = "x"\n', "name one source of the contacts: file or carddav"),
        (BOOK + 'file = "customers.csv"\n', "name one source of the contacts: file or carddav"),
        (BOOK.replace('name = "customers"\n', ""), "name: say what messages call this address book"),
        (BOOK + BOOK, "'customers' is there twice"),
        (BOOK + 'token = { file = "none" }\n', "the secret's file none: No such file or directory"),
        ('[[calendar]]\nname = "address book x"\nfile = "x.ics"\n', "is how address books are named"),
    ],
)
def test_an_address_book_that_cant_be_used_is_a_problem(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems_of(write(tmp_path, VALID + "\n" + text))
    assert problem in found
