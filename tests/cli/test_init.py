"""`init`: asking and options, over a real calendar server and the real gateway."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scheduler.cli import cli
from scheduler.cli.first.answers import Answers, Kind, ProviderAnswer, SourceAnswer
from scheduler.cli.first.files import write_files
from scheduler.config import read_config, read_gateway_config
from scheduler.errors import ConfigError
from scheduler.sources.caldav_server import CaldavSettings
from tests.servers import Client, radicale
from tests.sources.worlds import card
from tests.world import SECRET, World, whole_world

PASSWORD = "not-a-real-password"
NUMBERS = (
    "--region", "BE", "--zone", "Europe/Brussels",
    "--cli", "02 816 02 57", "--origin", "+3228160258", "--email", "", "--contacts", "",
)  # fmt: skip

ANSWERS = Answers(
    region="BE", zone="Europe/Brussels", cli="+3228160257", origin="+3228160258",
    manager="Ann Peeters", email="ann@example.com",
    calendar=SourceAnswer(
        kind=Kind.FEED, address="https://calendar.example.com/ann.ics", username="ann", password=PASSWORD
    ),
    provider=ProviderAnswer(
        url="http://127.0.0.1:8471/vca/1.0.0", token_url="http://127.0.0.1:8471/token",
        client_id="company", client_secret=SECRET, ours=True,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Somebody with two calendars and an address book."""
    with radicale(tmp_path_factory.mktemp("radicale"), {"ann": PASSWORD}) as url:
        ann = Client(url=url, user="ann", password=PASSWORD)
        ann.make_calendar("/ann/sales/", "Sales")
        ann.make_calendar("/ann/home/", "At home")
        ann.make_address_book("/ann/people/", "People")
        ann.put("/ann/people/one.vcf", card("one", name="Anna Janssens"))
        yield ann


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with whole_world(tmp_path_factory.mktemp("provider")) as found:
        yield found


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "new" / "config.toml"


def init(config: Path, *arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(cli, ["init", "--config", str(config), *arguments], input=answers)


def by_options(config: Path, ann: Client, provider: World, *more: str) -> Result:
    """Everything is given; ``more`` overrides."""
    password = provider.folder / "password"
    password.write_text(PASSWORD + "\n")
    return init(
        config, "--no-input", *NUMBERS,
        "--calendar", ann.url, "--display-name", "Sales", "--username", "ann", "--password-file", str(password),
        "--provider", f"{provider.gateway}/vca/1.0.0", "--client-id", "tests",
        "--client-secret-file", str(provider.folder / "secret"), *more,
    )  # fmt: skip


def test_what_is_asked_and_answered_becomes_a_configuration_that_checks_well(
    config: Path, ann: Client, provider: World
) -> None:
    answers = (
        *("BE", "Europe/Brussels", "02 816 02 57", "+3228160258", "ann@example.com", "Ann Peeters"),
        *(f"{ann.url}ann/people/", "ann", PASSWORD),
        *(ann.url, "n", "ann", PASSWORD, "Sales"),
        *("y", f"{provider.gateway}/vca/1.0.0", f"{provider.gateway}/token", "tests", SECRET),
    )
    result = init(config, answers="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "contacts customers: 1 contact read" in result.output
    assert "calendar appointments: reached" in result.output
    assert "gave a token, and shows its records" in result.output
    found = read_config(config)
    assert (found.company.managers[0].name, str(found.company.managers[0].origin)) == (
        "Ann Peeters",
        "+3228160258",
    )
    checked = CliRunner().invoke(cli, ["check", "--config", str(config)])
    assert checked.exit_code == 0, checked.output


def test_options_alone_write_the_same_without_a_question(config: Path, ann: Client, provider: World) -> None:
    result = by_options(config, ann, provider)
    assert result.exit_code == 0, result.output
    found = read_config(config)
    source = found.calendars[0].source
    assert isinstance(source, CaldavSettings)
    assert (source.display_name, source.login.password, found.provider.tokens.client_secret) == (
        "Sales", PASSWORD, SECRET,
    )  # fmt: skip


def test_secrets_stand_in_files_of_their_own_that_only_their_owner_reads(
    config: Path, ann: Client, provider: World
) -> None:
    result = by_options(config, ann, provider)
    assert PASSWORD not in config.read_text() + result.output
    assert SECRET not in config.read_text() + result.output
    secrets = sorted((config.parent / "secrets").iterdir())
    assert [path.name for path in secrets] == ["calendar", "provider"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*secrets, config)} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (config.parent, secrets[0].parent)} == {0o700}


def test_a_server_with_several_calendars_shows_them_to_whoever_chooses(config: Path, ann: Client) -> None:
    result = init(
        config, *NUMBERS, "--calendar", ann.url, "--username", "ann", "--gateway",
        answers=f"{PASSWORD}\nAt home\n",
    )  # fmt: skip
    assert "(At home, Sales)" in result.output
    source = read_config(config).calendars[0].source
    assert isinstance(source, CaldavSettings)
    assert source.display_name == "At home"


def test_an_answer_that_fails_is_told_and_asked_again(config: Path, ann: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nEND:VCALENDAR\r\n")
    result = init(
        config, *NUMBERS, "--calendar", ann.url, "--username", "ann", "--display-name", "Sales", "--gateway",
        answers=f"wrong\ny\n{tmp_path / 'empty.ics'}\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "PROBLEM calendar appointments" in result.output
    assert "empty.ics" in config.read_text()


def test_an_answer_that_fails_is_kept_by_whoever_says_so(config: Path) -> None:
    nowhere = "http://127.0.0.1:9/ann/"
    result = init(config, *NUMBERS, "--calendar", nowhere, "--username", "", "--gateway", answers="n\n")
    assert result.exit_code == 0, result.output
    assert nowhere in config.read_text()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--origin", "112", "112"),
        ("--region", "XX", "two letters"),
        ("--zone", "Europe/Brusels", "no time zone"),
        ("--email", "ann", "no e-mail address"),
        ("--display-name", "Slaes", "'At home', 'Sales'"),
        ("--client-id", "stranger", "provider"),
        ("--contacts", "missing.csv", "missing.csv"),
    ],
)
def test_without_a_person_what_fails_writes_nothing(
    config: Path, ann: Client, provider: World, option: str, value: str, told: str
) -> None:
    result = by_options(config, ann, provider, option, value)
    assert result.exit_code == 1
    assert told in result.output
    assert "nothing is written" in result.output
    assert not config.parent.exists()


def test_untested_writes_what_fails(config: Path, ann: Client, provider: World) -> None:
    result = by_options(config, ann, provider, "--client-id", "stranger", "--untested")
    assert result.exit_code == 0, result.output
    assert 'client_id = "stranger"' in config.read_text()


def test_without_a_person_what_is_missing_is_named(config: Path) -> None:
    result = init(config, "--no-input", "--cli", "+3228160257")
    assert result.exit_code == 2
    assert "--origin is missing" in result.output


@pytest.mark.parametrize("there", ["config.toml", "secrets/provider"])
def test_no_file_is_ever_overwritten(config: Path, ann: Client, provider: World, there: str) -> None:
    old = config.parent / there
    old.parent.mkdir(parents=True)
    old.write_text("mine")
    result = by_options(config, ann, provider)
    assert isinstance(result.exception, ConfigError)
    assert "never overwrites" in str(result.exception)
    assert old.read_text() == "mine"
    assert [path for path in config.parent.rglob("*") if path.is_file()] == [old]


def test_with_the_gateway_of_this_machine_one_file_configures_both(config: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nEND:VCALENDAR\r\n")
    result = init(config, "--no-input", *NUMBERS, "--calendar", str(tmp_path / "mine.ics"), "--gateway")
    assert result.exit_code == 0, result.output
    gateway, _ = read_gateway_config(config)
    daemon = read_config(config)
    (client,) = gateway.clients
    assert client.client_secret == daemon.provider.tokens.client_secret
    assert daemon.provider.callout.url == f"http://{gateway.host}:{gateway.port}/vca/1.0.0"
    assert set(client.numbers) == daemon.barring.owned
    assert "call-scheduler gateway" in result.output


def test_the_services_secrets_come_through_systemd_and_its_user_reads_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "etc" / "config.toml"
    write_files(config, ANSWERS, service=True)
    assert stat.S_IMODE(config.stat().st_mode) == 0o644
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o755
    assert (config.parent / "gateway-secrets" / "company").read_text() == f"{SECRET}\n"
    _hand_over(config.parent / "secrets", tmp_path / "credentials")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    found = read_config(config)
    assert (found.calendars[0].source.login.password, found.provider.tokens.client_secret) == (PASSWORD, SECRET)
    assert found.ledger == Path("/var/lib/call-scheduler/ledger.db")


def test_what_people_type_becomes_text_of_toml_whatever_is_in_it(tmp_path: Path) -> None:
    name = 'Ann "the \\ boss"\n[x] é'
    config = tmp_path / "config.toml"
    write_files(config, replace(ANSWERS, manager=name), service=False)
    assert read_config(config).company.managers[0].name == name


def _hand_over(secrets: Path, credentials: Path) -> None:
    """As LoadCredential=secret: does."""
    credentials.mkdir()
    for path in secrets.iterdir():
        (credentials / f"secret_{path.name}").write_bytes(path.read_bytes())
