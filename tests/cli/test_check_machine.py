"""What `check` says of room and certificates, and how it sorts what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scheduler.cli import cli
from scheduler.cli.check_machine import look_at_certificate, look_at_machine, look_at_room
from scheduler.cli.finding import Finding, Severity, print_by_severity
from scheduler.config import read_config
from tests.world import small_world

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(path: Path, *ends: datetime) -> Path:
    """A file of certificates that end so, with the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "daemon.example.com")])
    texts = []
    for ends_at in ends:
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        signed = builder.not_valid_before(ends_at - 300 * DAY).not_valid_after(ends_at).sign(key, hashes.SHA256())
        texts.append(signed.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(b"".join((*texts, private)))
    return path


@pytest.mark.parametrize(
    ("days", "severity"),
    [(15, Severity.OK), (14, Severity.WARNING), (1, Severity.WARNING), (-1, Severity.PROBLEM)],
)
def test_a_certificate_that_expires_within_two_weeks_is_told_before_it_does(
    tmp_path: Path, days: int, severity: Severity
) -> None:
    found = look_at_certificate("certificate", certificate(tmp_path / "daemon.pem", NOW + days * DAY), NOW)
    assert found.severity is severity
    assert f"valid until {NOW + days * DAY:%Y-%m-%d}" in found.text


def test_of_a_chain_the_first_to_expire_counts(tmp_path: Path) -> None:
    chain = certificate(tmp_path / "chain.pem", NOW + 100 * DAY, NOW + 3 * DAY)
    assert look_at_certificate("certificate", chain, NOW).severity is Severity.WARNING


def test_a_file_that_holds_no_certificate_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "daemon.pem").write_text("nothing")
    assert look_at_certificate("certificate", tmp_path / "daemon.pem", NOW).severity is Severity.PROBLEM
    assert "No such file" in look_at_certificate("certificate", tmp_path / "missing.pem", NOW).text


def test_the_certificates_of_logins_are_looked_at(tmp_path: Path) -> None:
    certificate(tmp_path / "daemon.pem", NOW + 3 * DAY)
    world = small_world(tmp_path)
    line = 'caldav = "https://dav.example.com/"\ncertificate = "daemon.pem"'
    world.configure(lambda text: f'{text}\n[[calendar]]\nname = "ann"\n{line}\n')
    _, found = look_at_machine(read_config(world.config), NOW)
    assert (found.subject, found.severity) == ("certificate of calendar ann", Severity.WARNING)


@pytest.mark.parametrize(
    ("megabytes", "severity"), [(5000, Severity.OK), (999, Severity.WARNING), (49, Severity.PROBLEM)]
)
def test_a_disk_that_fills_up_is_told_before_calls_are_missed(megabytes: int, severity: Severity) -> None:
    found = look_at_room(Path("/var/lib/ledger.db"), megabytes * 1_000_000)
    assert (found.severity, f"{megabytes} MB free" in found.text) == (severity, True)


def test_the_worst_comes_last_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    bad = Finding(subject="provider", fine=False, text="gives no token")
    doubtful = Finding(subject="clock", fine=True, warns=True, text="not synchronised")
    well = Finding(subject="contacts", fine=True, text="2 contacts read")
    print_by_severity([bad, doubtful, well, bad])
    marks = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert marks == ["ok", "WARNING", "PROBLEM", "PROBLEM", "2"]


def test_a_warning_is_counted_and_is_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    (told,) = print_by_severity([Finding(subject="clock", fine=True, warns=True, text="not synchronised")])
    assert told.fine
    assert capsys.readouterr().out.splitlines()[-1] == "0 problems, 1 warning"


def test_json_tells_the_severity(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    rows = json.loads(CliRunner().invoke(cli, ["check", "--config", str(world.config), "--json"]).output)
    (provider,) = [row for row in rows if row["subject"].startswith("provider")]
    assert (provider["severity"], provider["fine"]) == ("problem", False)
    (configuration,) = [row for row in rows if row["subject"] == "configuration"]
    assert configuration["severity"] == "ok"
