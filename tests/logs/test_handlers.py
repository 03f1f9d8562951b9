"""Where lines go, and what becomes of those that can't go there."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.logs import about_call
from scheduler.logs.formats import HumanFormatter
from scheduler.logs.handlers import JournalHandler, StderrHandler

log = logging.getLogger("tests.handlers")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "j"))
        found.settimeout(10)
        yield found


def use(handler: logging.Handler) -> None:
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger().setLevel("DEBUG")


def fields(datagram: bytes) -> dict[str, str]:
    """As journald reads them: a name, a length of eight bytes, the data, each with a line's end."""
    found = {}
    while datagram:
        name, _, rest = datagram.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        found[name.decode()] = rest[8 : 8 + length].decode()
        assert rest[8 + length : 9 + length] == b"\n"
        datagram = rest[9 + length :]
    return found


def test_the_journal_gets_fields_with_the_call_among_them(journal: socket.socket, tmp_path: Path) -> None:
    use(JournalHandler(personal=False, path=tmp_path / "j"))
    with about_call(7):
        log.warning("two\nlines of “Anna”")
    found = fields(journal.recv(300_000))
    assert found["MESSAGE"] == "two\nlines of •••"
    assert (found["PRIORITY"], found["CALL"], found["LOGGER"]) == ("4", "7", "tests.handlers")
    assert found["SYSLOG_IDENTIFIER"] == "call-scheduler"
    assert Path(found["CODE_FILE"]) == Path(__file__)


@pytest.mark.parametrize(("level", "priority"), [("DEBUG", "7"), ("INFO", "6"), ("ERROR", "3"), ("CRITICAL", "2")])
def test_levels_are_the_journals_priorities(
    journal: socket.socket, tmp_path: Path, level: str, priority: str
) -> None:
    use(JournalHandler(personal=False, path=tmp_path / "j"))
    log.log(getattr(logging, level), "told")
    found = fields(journal.recv(300_000))
    assert found["PRIORITY"] == priority
    assert "CALL" not in found


def test_a_very_long_line_is_cut_rather_than_lost(journal: socket.socket, tmp_path: Path) -> None:
    use(JournalHandler(personal=False, path=tmp_path / "j"))
    log.info("x" * 1_000_000)
    assert len(fields(journal.recv(300_000))["MESSAGE"]) == 100_000


def test_what_the_journal_does_not_take_goes_to_standard_error(
    journal: socket.socket, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    use(JournalHandler(personal=False, path=tmp_path / "j"))
    journal.close()
    (tmp_path / "j").unlink()
    log.info("of “Anna”")
    assert capfd.readouterr().err == "INFO tests.handlers: of •••\n"


def test_a_line_that_cannot_be_written_is_told_without_its_words(capfd: pytest.CaptureFixture[str]) -> None:
    use(StderrHandler(HumanFormatter(personal=False)))
    log.info("%d calls of Anna", "Anna")
    assert capfd.readouterr().err.startswith("a line of tests.handlers (")
    log.info("%d calls", "Anna")
    assert "Anna" not in capfd.readouterr().err
