"""The peer: plain caldav asks each calendar for its changes since the last time; prints its CPU seconds a poll."""

from __future__ import annotations

import sys
import time

from caldav.collection import Calendar
from caldav.davclient import DAVClient


def main(urls: list[str]) -> None:
    calendars = [Calendar(client=DAVClient(url=url, enable_rfc6764=False), url=url) for url in urls]
    tokens = [one.get_objects_by_sync_token(load_objects=False).sync_token for one in calendars]
    before = time.process_time()
    for calendar, token in zip(calendars, tokens, strict=True):
        assert not list(calendar.get_objects_by_sync_token(token, load_objects=False))
    print((time.process_time() - before) / len(calendars))


if __name__ == "__main__":
    main(sys.argv[1:])
