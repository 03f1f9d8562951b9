"""Who is logged in, and how often somebody may try to: kept in memory, so that a restart ends every session."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from scheduler.clock import Clock
from scheduler.web.settings import PageUser

_MOST_SESSIONS = 1_000
_MOST_TRACKED = 10_000
_WITHIN = timedelta(minutes=10)
_MOST_OF_BOTH = 5  # failures of one name from one address
_MOST_OF_ONE = 30  # of one name from anywhere, or from one address with any name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    user: PageUser
    ends_at: float  # of the clock that counts from the machine's start


class Sessions:
    """From the secret in a browser's cookie to who logged in with it."""

    def __init__(self, clock: Clock, lasts: timedelta) -> None:
        self._clock = clock
        self._lasts = lasts
        self._lock = Lock()
        self._sessions: dict[bytes, _Session] = {}

    def begin(self, user: PageUser) -> str:
        """The cookie's new secret; only its digest is kept."""
        secret = secrets.token_urlsafe(32)
        now = self._clock.boot_seconds()
        with self._lock:
            self._sessions = {key: one for key, one in self._sessions.items() if one.ends_at > now}
            while len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[_digest(secret)] = _Session(user=user, ends_at=now + self._lasts.total_seconds())
        return secret

    def user_of(self, secret: str) -> PageUser | None:
        found = self._sessions.get(_digest(secret))
        return found.user if found is not None and found.ends_at > self._clock.boot_seconds() else None

    def end(self, secret: str) -> None:
        with self._lock:
            self._sessions.pop(_digest(secret), None)


class LoginBrake:
    """Slows down who guesses passwords: a name, an address, and most of all the two together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def wait(self, name: str, address: str) -> timedelta:
        """How long nobody is let in by that name from that address; nothing where they may try."""
        now = self._clock.boot_seconds()
        with self._lock:
            ends = [self._full_until(key, most, now) for key, most in _keys(name, address)]
        return timedelta(seconds=max(0.0, *(end - now for end in ends)))

    def failed(self, name: str, address: str) -> None:
        now = self._clock.boot_seconds()
        with self._lock:
            if len(self._failures) > _MOST_TRACKED:
                self._forget(now)
            for key, _ in _keys(name, address):
                self._failures[key].append(now)

    def _full_until(self, key: tuple[str, str], most: int, now: float) -> float:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= now - _WITHIN.total_seconds():
            failures.popleft()
        return failures[-most] + _WITHIN.total_seconds() if len(failures) >= most else now

    def _forget(self, now: float) -> None:
        old = now - _WITHIN.total_seconds()
        fresh = ((key, times) for key, times in self._failures.items() if times[-1] > old)
        self._failures = defaultdict(deque, list(fresh)[-_MOST_TRACKED // 2 :])


def _keys(name: str, address: str) -> Iterable[tuple[tuple[str, str], int]]:
    return (((name, address), _MOST_OF_BOTH), ((name, ""), _MOST_OF_ONE), (("", address), _MOST_OF_ONE))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
