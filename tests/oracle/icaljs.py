"""ical.js, the engine of Thunderbird and Nextcloud, as a process that expands many calendars."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Timer

import pytest

from tests.system.tools import tool

SCRIPT = Path(__file__).with_name("expand.mjs")
# Where `make test-system` puts it: beside the virtual environment's own packages.
LIBRARY = Path(sys.prefix) / "oracle" / "node_modules" / "ical.js" / "dist" / "ical.js"
_PATIENCE = 20  # seconds for one calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A time as ical.js gives it."""

    wall: datetime
    zone: str  # TZID, "UTC", or "floating" of dates too
    is_date: bool
    seconds: int  # since 1970; of a floating time as if it were UTC


class IcalJsError(Exception):
    """What ical.js raised."""


class IcalJs:
    """The running process."""

    def __init__(self) -> None:
        if not LIBRARY.exists():
            pytest.fail("ical.js is missing: run `make test-system` or `make torture`, which install it")
        self._process = subprocess.Popen(
            [tool("node"), str(SCRIPT), str(LIBRARY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        self._process.communicate(timeout=_PATIENCE)

    def expand(self, calendar: str, last: date) -> list[tuple[Time, Time]]:
        """The (recurrence id, start) of each instance that the series has up to ``last``.

        :raises IcalJsError: it can't expand this.
        """
        answer = self._ask(json.dumps({"calendar": calendar, "last": last.isoformat()}))
        if not isinstance(answer, list):
            raise IcalJsError(f"{answer} for {calendar}")
        return [(_time(*identity), _time(*start)) for identity, start in answer]

    def _ask(self, line: str) -> object:
        assert self._process.stdin
        assert self._process.stdout
        watch = Timer(_PATIENCE, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            watch.cancel()
        assert answer, f"ical.js has hung on or died of {line}"
        return json.loads(answer)


def _time(written: str, zone: str, seconds: int) -> Time:
    wall = datetime.fromisoformat(written).replace(tzinfo=None)
    return Time(wall=wall, zone=zone, is_date="T" not in written, seconds=seconds)
