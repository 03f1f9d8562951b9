"""``[feed]``: calls as a calendar to subscribe to."""

from __future__ import annotations

from scheduler.calendars.settings import Company
from scheduler.config.problems import Problems
from scheduler.config.secrets import Secrets
from scheduler.config.values import Secret, Table, Url
from scheduler.web.feed import Feed, FeedSettings
from scheduler.web.settings import PageSettings

_SHORTEST = 16  # characters: the URLs are as hard to guess as the secret that they are made from


class FeedTable(Table):
    secret: Secret
    url: Url | None = None


def build_feed(
    table: FeedTable, page: PageSettings | None, company: Company, secrets: Secrets, problems: Problems
) -> FeedSettings | None:
    """None where this user can't read the secret, or nothing serves the feed."""
    if page is None:
        problems.add(("feed",), "the feed is served beside the page, which isn't: leave out page.enabled = false")
        return None
    secret = secrets.reveal(table.secret, ("feed", "secret"))
    if 0 < len(secret) < _SHORTEST:
        problems.add(
            ("feed", "secret"),
            f"the secret has less than {_SHORTEST} characters: make one, as with `openssl rand -hex 32`",
        )
    own = (
        Feed(name=f"Calls of {manager.name}", origin=manager.origin)
        for manager in company.managers
        if manager.origin
    )
    feeds = (Feed(name="Calls", origin=None), *own)
    return (
        FeedSettings(secret=secret, url=(table.url or page.address).rstrip("/"), feeds=feeds) if secret else None
    )
