"""Calls as a calendar to subscribe to: what is planned, what happened, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import vobject
from icalendar import Calendar, Component
from starlette.applications import Starlette

from scheduler.calls.call import Outcome
from scheduler.ledger.life import stop
from scheduler.serving import ServerThread, base_url, listen
from scheduler.web.feed import Feed, FeedSettings, feed_routes
from tests.clocks import NOON
from tests.duties.support import DESTINATION, ORIGIN, SECOND_ORIGIN, Bench, bench, cdr
from tests.hostile import NO_HEADERS

ALL, ANN = Feed(name="Calls", origin=None), Feed(name="Calls of Ann", origin=ORIGIN)
SETTINGS = FeedSettings(secret="not-a-real-secret", url="http://127.0.0.1:8472", feeds=(ALL, ANN))


@pytest.fixture
def duties(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found


class Subscriber:
    """A calendar program."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> requests.Response:
        return requests.get(self._url + path, headers=dict(headers), timeout=10)


@contextmanager
def served(duties: Bench, settings: FeedSettings | None) -> Iterator[Subscriber]:
    app = Starlette(routes=[*feed_routes(duties.ledger, duties.clock, lambda: settings)])
    with closing(listen("127.0.0.1", 0, "test")) as listener:
        server = ServerThread(app, listener, "feed")
        yield Subscriber(base_url(listener))
        server.stop()


@pytest.fixture
def client(duties: Bench) -> Iterator[Subscriber]:
    with served(duties, SETTINGS) as found:
        yield found


def events(client: Subscriber, feed: Feed = ALL) -> list[Component]:
    answer = client.get(SETTINGS.path_of(feed))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    return Calendar.from_ical(answer.content).walk("VEVENT")


def only(client: Subscriber) -> dict[str, Any]:
    (event,) = events(client)
    found = {name: event.decoded(name) for name in ("dtstart", "sequence", "last-modified")}
    return {**found, **{name: str(event[name]) for name in ("uid", "summary", "status")}, "event": event}


def test_a_planned_call_stands_at_its_time(duties: Bench, client: Subscriber) -> None:
    duties.add()
    event = only(client)
    assert (event["summary"], event["status"], event["dtstart"]) == ("Planned: Call Anna", "CONFIRMED", NOON)
    assert "DURATION" not in event["event"]


def test_a_talk_stands_where_and_as_long_as_it_was(duties: Bench, client: Subscriber) -> None:
    duties.add(due_at=NOON - timedelta(seconds=30))
    planned = only(client)
    duties.place_due()
    duties.clock.advance(timedelta(minutes=6))
    duties.provider.records = [cdr(NOON, duration=252)]
    duties.collect()
    talked = only(client)
    assert (talked["summary"], talked["dtstart"]) == ("Answered, 4 min 12 s: Call Anna", NOON)
    assert talked["event"].decoded("DURATION") == timedelta(seconds=252)
    assert talked["uid"] == planned["uid"]
    assert talked["sequence"] > planned["sequence"]
    assert talked["last-modified"] > planned["last-modified"]


def test_a_cancelled_call_is_told_as_cancelled_and_a_missed_one_is_not_hidden(
    duties: Bench, client: Subscriber
) -> None:
    for number, outcome in enumerate((Outcome.CANCELLED, Outcome.MISSED)):
        call_id = duties.add(due_at=NOON + timedelta(hours=number))
        duties.ledger.write(stop, call_id, outcome, "the reason", NOON)
    told = [(str(event["summary"]), str(event["status"])) for event in events(client)]
    assert told == [("Cancelled: Call Anna", "CANCELLED"), ("Missed: Call Anna", "CONFIRMED")]


def test_a_manager_sees_the_calls_of_their_own_phone_alone(duties: Bench, client: Subscriber) -> None:
    own, _ = duties.add(), duties.add(origin=SECOND_ORIGIN)
    assert [str(event["uid"]) for event in events(client, ANN)] == [SETTINGS.uid_of(own)]
    assert len(events(client)) == 2


def test_what_a_subscriber_has_already_is_not_sent_again_until_something_changes(
    duties: Bench, client: Subscriber
) -> None:
    call_id = duties.add()
    path = SETTINGS.path_of(ALL)
    etag = client.get(path).headers["etag"]
    duties.clock.advance(timedelta(hours=1))
    known = client.get(path, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    duties.ledger.write(stop, call_id, Outcome.CANCELLED, "", duties.clock.now())
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("path", ["/feed/all.ics", "/feed/.ics", "/feed/%C3%A9.ics"])
def test_who_has_no_address_sees_nothing(client: Subscriber, path: str) -> None:
    assert client.get(path).status_code == 404


def test_another_secret_makes_all_addresses_useless(client: Subscriber) -> None:
    other = replace(SETTINGS, secret="another-secret-16")
    assert all(client.get(other.path_of(feed)).status_code == 404 for feed in SETTINGS.feeds)
    assert "not-a-real-secret" not in repr(SETTINGS)


def test_nothing_is_published_without_a_secret(duties: Bench) -> None:
    with served(duties, None) as client:
        assert client.get(SETTINGS.path_of(ALL)).status_code == 404


def test_no_number_is_published(duties: Bench, client: Subscriber) -> None:
    duties.add()
    text = client.get(SETTINGS.path_of(ALL)).text
    assert not any(number.e164[3:] in text for number in (ORIGIN, DESTINATION))


def test_every_line_is_short_and_programs_are_told_how_often_to_look(duties: Bench, client: Subscriber) -> None:
    duties.add()
    duties.ledger.write(lambda c: c.execute("UPDATE call SET summary = ?", ("é" * 200,)).close())
    body = client.get(SETTINGS.path_of(ALL)).content
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert re.search(rb"\r\nX-PUBLISHED-TTL:PT15M\r\n", body)
    assert re.search(rb"\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n", body)


def test_another_parser_reads_the_same(duties: Bench, client: Subscriber) -> None:
    summary = "Call Anna; Ben, and\\Carl"
    call_id = duties.add()
    duties.ledger.write(lambda c: c.execute("UPDATE call SET summary = ?", (summary,)).close())
    duties.ledger.write(stop, call_id, Outcome.MISSED, "late;\nvery, late", NOON)
    read = vobject.readOne(client.get(SETTINGS.path_of(ALL)).text, validate=True)
    event = read.vevent
    assert (event.summary.value, event.dtstart.value) == (f"Missed: {summary}", NOON)
    assert event.description.value == f"Call {call_id}\nlate;\nvery, late"
    assert (event.status.value, event.sequence.value) == ("CONFIRMED", "1")
