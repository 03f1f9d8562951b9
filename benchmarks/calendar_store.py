"""A Xandikos storage folder full of calendars, written without asking the server, which would take an hour."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from dulwich.objects import Blob, Commit, Tree
from dulwich.repo import Repo

from scheduler.phone import PhoneNumber

CALENDARS_PATH = "user/calendars"
_ASKING = 10  # of a calendar's events ask for a call, one a day from tomorrow on
_FILE = 0o100644
_AUTHOR = b"Ann Example <ann@example.com>"


def store_calendar(collections: Path, name: str, events: int, destination: PhoneNumber, now: datetime) -> None:
    """One calendar, a bare git repository as Xandikos reads it: two thirds of its events are past."""
    path = collections / CALENDARS_PATH / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(Repo.init_bare(str(path), mkdir=True)) as repository:
        tree = Tree()
        blobs = []
        for file, text in _files(name, events, destination, now):
            blob = Blob.from_string(text.encode())
            tree.add(file.encode(), _FILE, blob.id)
            blobs.append(blob)
        commit = _commit(tree, now)
        repository.object_store.add_objects([(one, None) for one in (*blobs, tree, commit)])
        repository.refs[b"refs/heads/master"] = commit.id
        repository.refs.set_symbolic_ref(b"HEAD", b"refs/heads/master")


def _files(name: str, events: int, destination: PhoneNumber, now: datetime) -> Iterator[tuple[str, str]]:
    yield ".xandikos", "[DEFAULT]\ntype = calendar\n\n"
    day = now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for number in range(_ASKING):
        yield f"call-{number}.ics", _event(f"{name}-call-{number}", day + timedelta(days=number), str(destination))
    for number in range(events - _ASKING):
        at = day + timedelta(days=number - 2 * events // 3, hours=2)
        yield f"event-{number}.ics", _event(f"{name}-event-{number}", at, "Meeting room 2")


def _event(uid: str, at: datetime, location: str) -> str:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.com//benchmark//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z", f"DTSTART:{at:%Y%m%dT%H%M%SZ}", "DURATION:PT30M", "SUMMARY:Quarterly review",
        f"LOCATION:{location}", "DESCRIPTION:Bring the figures of the last quarter.", "END:VEVENT",
        "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines)


def _commit(tree: Tree, now: datetime) -> Commit:
    commit = Commit()
    commit.tree = tree.id
    commit.author = commit.committer = _AUTHOR
    commit.author_time = commit.commit_time = int(now.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = b"Filled"
    return commit
