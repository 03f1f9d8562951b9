"""The feed of calls: a URL for everybody's and one for each manager's, each a secret of its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calendars.published import PublishedCall, write_feed
from scheduler.calls.call import Outcome, State
from scheduler.clock import Clock
from scheduler.database import Database
from scheduler.duration import spell_duration
from scheduler.ledger.feed import FeedCall, select_feed_calls
from scheduler.phone import PhoneNumber

FEED_PATH = "/feed"
_BEFORE, _AHEAD = timedelta(days=90), timedelta(days=60)
_MOST_CALLS = 5000
_TO_COME = (State.PLANNED, State.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Whose calls one URL shows: those of a manager's phone, or all."""

    name: str
    origin: PhoneNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """Without a secret nothing is published; another secret makes all URLs that were given out useless."""

    secret: str = field(repr=False)
    url: str  # how people reach the page, without a path
    feeds: tuple[Feed, ...]

    def path_of(self, feed: Feed) -> str:
        """Nobody who was given one can make another."""
        whose = feed.origin.e164 if feed.origin else "all"
        return f"{FEED_PATH}/{self._digest(f'feed of {whose}')}.ics"

    def uid_of(self, call_id: int) -> str:
        """The same for ever, and another one in every company's ledger."""
        return f"call-{call_id}-{self._digest('uid')[:12]}@call-scheduler"

    def feed_at(self, path: str) -> Feed | None:
        wanted = path.encode()
        found = [one for one in self.feeds if hmac.compare_digest(self.path_of(one).encode(), wanted)]
        return found[0] if found else None

    def _digest(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:40]


def feed_routes(ledger: Database, clock: Clock, settings: Callable[[], FeedSettings | None]) -> list[Route]:
    """:param settings: as they are now; None where no feed is wanted."""

    def feed(request: Request) -> Response:
        present = settings()
        found = present.feed_at(request.url.path) if present else None
        if present is None or found is None:
            return Response("There is no such feed: `call-scheduler feed-url` prints those there are.\n", 404)
        now = clock.now()
        calls = ledger.read(select_feed_calls, now - _BEFORE, now + _AHEAD, found.origin, _MOST_CALLS)
        body = write_feed(found.name, (published(one, present.uid_of(one.call.id)) for one in calls))
        return _answer(request, body)

    return [Route(FEED_PATH + "/{name}", feed, methods=["GET"])]


def _answer(request: Request, body: bytes) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def published(one: FeedCall, uid: str) -> PublishedCall:
    """The plan while it is to come, and then what really happened; without numbers, since URLs wander."""
    call = one.call
    to_come = call.state in _TO_COME  # perhaps after an attempt that nobody answered
    return PublishedCall(
        uid=uid,
        title=f"{_status(one)}: {call.summary}",
        text="\n".join(filter(None, (f"Call {call.id}", call.reason))),
        starts_at=call.due_at if to_come or one.requested_at is None else one.requested_at,
        length=one.talked if call.outcome is Outcome.ANSWERED else timedelta(),
        cancelled=call.outcome is Outcome.CANCELLED,
        # Each of these only grows, and one of them does with each change of the time or the end.
        sequence=call.revision + call.attempts + (call.state is State.ENDED),
        changed_at=one.changed_at,
    )


def _status(one: FeedCall) -> str:
    call = one.call
    if call.outcome is None:
        return "Planned" if call.state in _TO_COME else "Ringing"
    talked = f", {spell_duration(one.talked)}" if call.outcome is Outcome.ANSWERED and one.talked else ""
    return call.outcome.words.capitalize() + talked
