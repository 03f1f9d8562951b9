"""What the gateway is told at its start: whom it serves, how its line behaves, which faults it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from scheduler.phone import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayClient:
    """One who may place calls; ``numbers`` are those it may use as origin and as CLI."""

    client_id: str
    client_secret: str = field(repr=False)
    numbers: tuple[PhoneNumber, ...]


class Behaviour(StrEnum):
    """What a simulated phone does."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NOT_FOUND = "not_found"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineScript:
    """What the phones whose number starts with ``number_prefix`` do; the longest match wins.

    ``after`` is how long it rings before it answers or fails: longer than the ring time is no answer.
    ``talk`` counts where the number is the destination.
    """

    number_prefix: str  # E.164 with its plus: a whole number or the start of one
    does: Behaviour = Behaviour.ANSWER
    after: timedelta = timedelta(seconds=1)
    talk: timedelta = timedelta(seconds=5)


class FaultKind(StrEnum):
    """What can be made to go wrong, so that a client can be tried against it."""

    LOSE_ANSWER = "lose_answer"  # the call is accepted, but the POST never gets its answer
    SERVER_ERROR = "server_error"  # a 5xx, and the call isn't accepted
    SERVER_ERROR_AFTER_ACCEPT = "server_error_after_accept"  # a 5xx, although the phones ring
    TOO_MANY = "too_many"  # 429 with Retry-After
    SLOW = "slow"  # the call is accepted, and the answer comes late
    EXPIRED_TOKEN = "expired_token"  # 401 for a token that was valid until then
    CDR_LAG = "cdr_lag"  # the CDR appears, and is called back, only after a while
    DUPLICATE_CALLBACK = "duplicate_callback"  # the CDR is called back twice
    NO_CALLBACK = "no_callback"  # the CDR is not called back


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that is switched on, for calls to destinations that start with ``destination_prefix``.

    ``delay`` is the length of what the kind is about: how long the connection is held before it is closed
    without an answer, how late the answer or the CDR comes, what Retry-After asks for.
    """

    kind: FaultKind
    destination_prefix: str = ""
    first: int | None = None  # only so many times; None: always
    delay: timedelta = timedelta(0)
    status: int = 503  # of the two server errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """How a CDR is delivered: after a failure the wait doubles, from ``first_wait`` to ``longest_wait``."""

    attempts: int = 10
    first_wait: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(seconds=5)
    workers: int = 8  # deliveries at the same time

    def wait_after(self, attempts: int) -> timedelta:
        """How long to wait after the ``attempts``-th failure, counted from 1."""
        wait = self.first_wait
        for _ in range(attempts - 1):
            wait = min(wait * 2, self.longest_wait)
        return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Everything the gateway needs to know."""

    database: Path
    clients: tuple[GatewayClient, ...]
    host: str = "127.0.0.1"
    port: int = 8471  # 0: any free port
    path_prefix: str = "/vca/1.0.0"  # of /call and /cdr, as on the operator's page
    region: str = "BE"  # where national formats belong
    token_lifetime: timedelta = timedelta(hours=1)
    ring_time: timedelta = timedelta(seconds=30)  # for each leg
    longest_call: timedelta = timedelta(hours=2)
    default_script: LineScript = LineScript(number_prefix="")
    scripts: tuple[LineScript, ...] = ()
    faults: tuple[Fault, ...] = ()
    callbacks: CallbackSettings = CallbackSettings()
