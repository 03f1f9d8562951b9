"""Work that waits for servers, side by side: so many things at once, and so many of them for one server."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

log = logging.getLogger(__name__)


class Lanes:
    """Runs what it is given in threads, first come first served within each lane.

    A lane that is full waits for itself alone, so that a server which answers nobody delays no other's work.
    """

    def __init__(self, name: str, *, at_once: int, in_a_lane: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._in_a_lane = in_a_lane
        self._waiting: dict[str, deque[Callable[[], object]]] = {}
        self._running: Counter[str] = Counter()
        self._lock = Condition()

    def add(self, lane: str, work: Callable[[], object]) -> None:
        with self._lock:
            self._waiting.setdefault(lane, deque()).append(work)
            self._begin(lane)

    def wait(self, seconds: float) -> bool:
        """Wait until all is done, but no longer; whether it is."""
        with self._lock:
            return self._lock.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        return not any((*self._waiting.values(), *self._running.values()))

    def close(self) -> None:
        """Finish what is going on; what waits is never begun."""
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, lane: str) -> None:
        """Begin the lane's next work, if there is any and room for it; the caller holds the lock."""
        waiting = self._waiting.get(lane)
        if waiting and self._running[lane] < self._in_a_lane:
            self._running[lane] += 1
            self._pool.submit(self._run, lane, waiting.popleft())

    def _run(self, lane: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.exception("work for %s failed", lane or "a file")
        finally:
            with self._lock:
                self._running[lane] -= 1
                self._begin(lane)
                self._lock.notify_all()
