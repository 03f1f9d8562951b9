"""Whatever bytes a stranger sends, a reader neither raises nor takes longer than five seconds."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calendars.ics import SAMPLES
from tests.fuzz.mutations import mangled
from tests.fuzz.readers import READERS

_PATIENCE = 5  # seconds of this process's own time: the machine may be busy with other things
_ROUNDS = 30_000
_BRIEF = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", sorted(READERS))
@_BRIEF
@given(data=st.data())
def test_a_mangled_file_is_read_without_an_error(kind: str, data: st.DataObject) -> None:
    _read(kind, data.draw(mangled(kind)))


@pytest.mark.torture
@pytest.mark.parametrize("kind", sorted(READERS))
@settings(_BRIEF, max_examples=5000)
@given(data=st.data())
def test_thousands_of_mangled_files_are_read_without_an_error(kind: str, data: st.DataObject) -> None:
    _read(kind, data.draw(mangled(kind)))


@pytest.mark.torture
@pytest.mark.parametrize("kind", sorted(READERS))
def test_a_fuzzer_that_follows_the_code_finds_no_error_and_no_hang(kind: str, tmp_path: Path) -> None:
    """The bytes that did it are in the output, base64, and in a file beside the corpus."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for sample in SAMPLES.glob(f"*.{kind}"):
        (corpus / sample.name).write_bytes(sample.read_bytes())
    options = (f"-runs={_ROUNDS}", f"-timeout={_PATIENCE}", "-max_len=6000", f"-artifact_prefix={tmp_path}/")
    command = [sys.executable, "-m", "tests.fuzz.follow", kind, str(corpus), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


def test_a_reader_that_takes_too_long_is_found() -> None:
    with pytest.raises(TimeoutError), _within(0.05):
        _read_for_ever()


def _read_for_ever() -> None:
    while True:
        pass


def _read(kind: str, data: bytes) -> None:
    with _within(_PATIENCE):
        READERS[kind](data)


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_long(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise TimeoutError(f"it reads for more than {_PATIENCE} s")
