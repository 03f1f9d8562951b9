"""The scenes as the product itself reads them, without playing them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from scheduler.calendars.agenda import read_agenda
from scheduler.calendars.appointment import Derivation
from scheduler.config import Config, read_config, read_gateway_config
from scheduler.demo.calendar_server import CalendarServer
from scheduler.demo.calendar_text import Entry, calendar_text
from scheduler.demo.scenes import (
    CHANGES,
    CONTACTS_CSV,
    CONTACTS_VCARD,
    MANAGERS,
    SCENES,
    Cancel,
    Delete,
    Move,
    Scene,
)
from scheduler.demo.settings_file import CSV, VCARDS, write_settings
from scheduler.demo.verdict import at_second
from scheduler.duties.contacts import ContactsDuty

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ROOM = 8  # seconds between two rings of one phone: the longest call lasts six
NOTICE = 4  # seconds from a change in a calendar to the time that it calls off


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "password").write_text("password")
    (tmp_path / CSV).write_text(CONTACTS_CSV)
    (tmp_path / VCARDS).write_text(CONTACTS_VCARD)
    return read_config(write_settings(tmp_path, CalendarServer(port=1, password=""), 2, 3))


def test_the_gateway_takes_the_demos_configuration(config: Config) -> None:
    settings, _ = read_gateway_config(config.path / "config.toml")
    scripted = {script.number_prefix for script in settings.scripts}
    assert scripted == {scene.number for scene in SCENES if scene.number} | {one.number for one in MANAGERS}


@pytest.mark.parametrize("scene", [s for s in SCENES if s.outcome], ids=lambda scene: scene.uid)
def test_a_scene_with_an_outcome_asks_for_a_call_of_its_number_at_its_time(scene: Scene, config: Config) -> None:
    found = [one.appointment for one in _derived(scene, config) if one.appointment]
    today = [one for one in found if one.asked_at == at_second(NOW, scene.second)]
    assert [(one.destination.e164, one.presentation) for one in today] == [(scene.number, scene.presentation)]


@pytest.mark.parametrize("scene", [s for s in SCENES if not s.outcome], ids=lambda scene: scene.uid)
def test_a_scene_without_an_outcome_asks_for_none_and_says_why(scene: Scene, config: Config) -> None:
    (one,) = _derived(scene, config)
    assert one.appointment is None
    assert scene.because in one.reason


def test_the_daily_scene_leaves_a_day_out_and_moves_another(config: Config) -> None:
    scene = next(scene for scene in SCENES if scene.daily)
    today = at_second(NOW, scene.second)
    day = timedelta(days=1)
    found = sorted(one.appointment.asked_at for one in _derived(scene, config) if one.appointment)
    coming = [today + 2 * day + timedelta(hours=2), today + 3 * day, today + 4 * day]
    assert found == [today - day, today, *coming]
    assert scene.daily is not None
    assert scene.daily.coming(today) == tuple(coming)


def test_a_moved_scene_keeps_its_uid_and_gets_its_new_time(config: Config) -> None:
    scene = next(scene for scene in SCENES if scene.uid == "moved")
    entry = _entry(scene)
    moved = replace(entry, starts_at=entry.starts_at + timedelta(seconds=10), sequence=1)
    (one,) = _derive(moved, config)
    assert one.appointment is not None
    assert (one.appointment.uid, one.appointment.sequence) == ("moved", 1)
    assert one.appointment.asked_at == at_second(NOW, scene.rings_at or 0)


def test_a_cancelled_entry_no_longer_asks(config: Config) -> None:
    scene = next(scene for scene in SCENES if scene.uid == "cancelled")
    (one,) = _derive(replace(_entry(scene), cancelled=True), config)
    assert scene.because in one.reason


def test_every_number_tells_its_scene() -> None:
    numbers = [scene.number for scene in SCENES if scene.number]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & {one.number for one in MANAGERS}


def test_one_phone_has_room_between_two_of_its_calls(config: Config) -> None:
    by_origin: dict[str, list[int]] = {}
    for scene in SCENES:
        origins = {one.appointment.origin.e164 for one in _derived(scene, config) if one.appointment}
        if scene.rings_at is not None:
            by_origin.setdefault(origins.pop(), []).append(scene.rings_at)
    gaps = [later - sooner for seconds in by_origin.values() for sooner, later in pairwise(sorted(seconds))]
    assert min(gaps) >= ROOM


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.uid)
def test_a_change_comes_in_time_and_explains_what_its_scene_sets_out(change: Move | Cancel | Delete) -> None:
    scene = next(scene for scene in SCENES if scene.uid == change.uid)
    assert scene.second - change.second >= NOTICE
    assert scene.rings_at == (change.to if isinstance(change, Move) else None)
    assert scene.title in change.says


def _derived(scene: Scene, config: Config) -> list[Derivation]:
    return _derive(_entry(scene), config)


def _derive(entry: Entry, config: Config) -> list[Derivation]:
    contacts = ContactsDuty(config.contacts, config.number_types)
    contacts.run_once()
    assert contacts.problems == ()
    agenda = read_agenda(
        [("one", calendar_text([entry]).encode())],
        next(rules for rules in config.rules if rules.collection == entry.scene.calendar),
        config.company,
        contacts.contacts,
        config.zones[entry.scene.calendar],
        start=NOW - timedelta(days=2),
        end=NOW + timedelta(days=14),
    )
    assert agenda.faults == ()
    return list(agenda.derivations)


def _entry(scene: Scene) -> Entry:
    return Entry(scene=scene, starts_at=at_second(NOW, scene.second), written_at=NOW)
