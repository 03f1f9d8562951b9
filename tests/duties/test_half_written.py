"""Files that are read while somebody writes them: nobody is called, or called off, for what isn't there yet."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome
from scheduler.duties.do_not_call import DoNotCallDuty
from scheduler.sources import files
from scheduler.sources.files import read_if_changed
from tests.duties.test_contacts import duty_of as contacts_of
from tests.duties.test_contacts import put
from tests.duties.test_do_not_call import CUSTOMER, OTHER, duty_of
from tests.processes import daemon
from tests.world import await_true, soon, whole_world

BARRED = "+442079460123\n+32468373901\n"
CONTACTS = "name;mobile\nCarl Jung;+49 30 12345678\nAnna Janssens;0468 37 39 01\n"
HALF = CONTACTS[: CONTACTS.index("78\nAnna")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "do-not-call.txt"
    found.write_text(BARRED)
    return found


@contextmanager
def rewritten(path: Path, first: str, rest: str) -> Iterator[None]:
    """In place, as cp and downloads do; the block runs between the halves."""
    with path.open("w") as file:
        file.write(first)
        file.flush()
        yield
        file.write(rest)


def test_who_is_not_in_the_list_yet_stays_barred(path: Path) -> None:
    duty = duty_of(path)
    with rewritten(path, BARRED[:14], BARRED[14:]):
        duty.run_once()
        assert duty.list.numbers == {CUSTOMER, OTHER}
    duty.run_once()
    assert duty.list.numbers == {CUSTOMER, OTHER}


def test_who_was_taken_off_the_list_is_free_after_a_while_and_who_came_is_barred_at_once(path: Path) -> None:
    duty = duty_of(path)
    path.write_text("+442079460123\n+442079460124\n")
    assert duty.run_once()
    assert len(duty.list.numbers) == 3
    await_true(duty.run_once)
    assert len(duty.list.numbers) == 2
    assert not duty.run_once()


def test_a_list_that_is_put_there_whole_counts_at_once(path: Path) -> None:
    duty = duty_of(path)
    put(path, "+442079460123\n")
    assert duty.run_once()
    assert duty.list.numbers == {OTHER}


def test_another_configuration_keeps_who_was_barred(path: Path) -> None:
    before = duty_of(path)
    path.write_text(BARRED[:14])
    assert DoNotCallDuty(before._file, before=before).list.numbers == {CUSTOMER, OTHER}


def test_what_is_written_while_it_is_read_is_read_at_the_next_look(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = path.read_text()
    path.write_text(whole[:14])

    def fstat(descriptor: int) -> os.stat_result:
        status = os.fstat(descriptor)
        if os.lseek(descriptor, 0, os.SEEK_CUR):  # it has been read
            path.write_text(whole)
            status = os.fstat(descriptor)
        return status

    monkeypatch.setattr(files, "os", _Os(fstat))
    found = read_if_changed(path, None)
    assert found is not None
    data, stamp = found
    if path.read_text() != whole:
        path.write_text(whole)
    again = read_if_changed(path, stamp)
    assert (again[0] if again else data) == whole.encode()


class _Os:
    """The module, with another ``fstat``."""

    def __init__(self, fstat: object) -> None:
        self.fstat = fstat

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def test_half_of_the_contacts_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(CONTACTS)
    duty = contacts_of(path)
    duty.run_once()
    with rewritten(path, HALF, CONTACTS[len(HALF) :]):
        assert not duty.run_once()
    assert not duty.run_once()
    assert (duty.run_once(), duty.count(path.name)) == (True, 2)


def test_a_daemon_rings_nobody_who_is_not_in_the_list_yet(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        path = tmp_path / "do-not-call.txt"
        path.write_text(BARRED)
        world.configure(lambda text: text + '\n[barring]\ndo_not_call = "do-not-call.txt"\n')
        with daemon(world.config):
            world.put("one", soon(4))
            await_true(lambda: len(world.calls()) == 1)
            with rewritten(path, BARRED[:14], BARRED[14:]):
                await_true(lambda: len(world.ended()) == 1)
        assert [call.outcome for call in world.calls()] == [Outcome.BARRED]


def test_a_reload_takes_no_list_over_that_is_just_emptied(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        path = tmp_path / "do-not-call.txt"
        path.write_text(BARRED)
        world.configure(lambda text: text + '\n[barring]\ndo_not_call = "do-not-call.txt"\n')
        with daemon(world.config) as running:
            world.put("one", soon(4))
            await_true(lambda: len(world.calls()) == 1)
            with rewritten(path, "", BARRED):
                running.process.send_signal(signal.SIGHUP)
                await_true(lambda: len(world.ended()) == 1)
        assert [call.outcome for call in world.calls()] == [Outcome.BARRED]


def test_a_daemon_rings_no_number_that_is_cut_short(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        path = tmp_path / "customers.csv"
        path.write_text(CONTACTS)
        world.configure(lambda text: text + '\n[barring]\ncountries = ["BE", "DE"]\n')
        with daemon(world.config):
            world.put("one", soon(3600))
            world.put("two", soon(8), summary="Call Carl Jung")
            await_true(lambda: len(world.calls()) == 2)
            with rewritten(path, HALF, CONTACTS[len(HALF) :]):

                def ended_though_somebody_goes_on_writing() -> bool:
                    os.utime(path)
                    return bool(world.ended())

                await_true(ended_though_somebody_goes_on_writing)
        assert sorted(str(call.destination) for call in world.calls()) == ["+32468373901", "+493012345678"]
