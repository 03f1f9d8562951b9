"""Setting logging up, and taking another [log] over: our own words at the level asked for, libraries hardly."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings

import pytest

from scheduler.errors import ConfigError
from scheduler.logs import LogFormat, LogSettings, handlers, set_up, take_over

log = logging.getLogger("scheduler.daemon")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_our_own_words_come_at_the_level_asked_for(level: str) -> None:
    set_up(LogSettings(level=level))
    assert log.getEffectiveLevel() == getattr(logging, level)


@pytest.mark.parametrize(
    "name", ["apscheduler.scheduler", "urllib3.connectionpool", "uvicorn.error", "authlib", "nobody.knows.it"]
)
def test_libraries_never_narrate_not_even_at_debug(name: str) -> None:
    set_up(LogSettings(level="DEBUG"))
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    assert logging.getLogger(name).isEnabledFor(logging.WARNING)


def test_bodies_that_the_calendar_library_finds_odd_are_not_logged() -> None:
    set_up(LogSettings(level="DEBUG"))
    assert not logging.getLogger("caldav").isEnabledFor(logging.ERROR)


def test_what_python_warns_of_is_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("SUMMARY of Anna Janssens can't be read", stacklevel=1)
    assert capfd.readouterr().err == ""


def test_another_format_level_and_whether_names_are_shown_are_taken_over(
    capfd: pytest.CaptureFixture[str],
) -> None:
    set_up(LogSettings(level="INFO"))
    log.debug("unheard")
    log.info("of “Anna”")
    take_over(LogSettings(level="DEBUG", format=LogFormat.JSON, personal=True))
    log.debug("of “Anna”")
    human, as_json = capfd.readouterr().err.splitlines()
    assert human == "INFO scheduler.daemon: of •••"
    assert json.loads(as_json)["message"] == "of “Anna”"


def test_a_process_that_set_nothing_up_logs_on_as_it_did() -> None:
    before = logging.getLogger().handlers[:]
    take_over(LogSettings(format=LogFormat.JSON))
    assert logging.getLogger().handlers == before


def test_without_a_journal_the_old_lines_stay_and_the_remedy_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr(handlers.JournalHandler.__init__, "__kwdefaults__", {"path": tmp_path / "none"})
    set_up(LogSettings())
    with pytest.raises(ConfigError, match=r'log\.format: systemd\'s journal isn\'t there.*"human" or "json"'):
        take_over(LogSettings(format=LogFormat.JOURNAL))
    log.info("still here")
    assert capfd.readouterr().err == "INFO scheduler.daemon: still here\n"


@pytest.mark.parametrize(
    "end",
    [
        "raise KeyError('Anna Janssens')",
        "import threading; t = threading.Thread(target=lambda: {}['Anna Janssens']); t.start(); t.join()",
        "class Gone:\n    def __del__(self): raise KeyError('Anna Janssens')\nGone()",
    ],
    ids=["main thread", "another thread", "nowhere to raise it"],
)
def test_an_error_that_nobody_caught_is_logged_without_whom_it_names(end: str) -> None:
    program = f"from scheduler.logs import LogSettings, set_up\nset_up(LogSettings())\n{end}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    output = done.stdout + done.stderr
    assert "builtins.KeyError" in output
    assert "Janssens" not in output.replace(end, "")
