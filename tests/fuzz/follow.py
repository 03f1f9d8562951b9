"""Run atheris at one reader: ``python -m tests.fuzz.follow ics CORPUS -runs=1000``; the rest is libFuzzer's."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["scheduler", "icalendar"]):
    from tests.fuzz.readers import READERS


def main() -> None:
    """Call the reader named first with what atheris thinks up; an exception ends the process with an error."""
    program, kind, *options = sys.argv
    atheris.Setup([program, *options], READERS[kind])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
