"""What the company decided about calling: times and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from scheduler.calls.calling_hours import CallingHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a call is made again, before its deadline, when it ended without a conversation."""

    origin: int = 2  # when the account manager didn't answer, or was busy
    destination: int = 0  # when the customer didn't, or was
    after: timedelta = timedelta(minutes=1)  # from when we know


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is too much; 0 is no limit."""

    requests_per_second: int = 0  # to the provider
    calls_at_once: int = 0
    rings_a_day: int = 0  # of one customer's phone, on one day of the company


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Times and limits that every decision about a call reads."""

    grace: timedelta = timedelta(minutes=5)  # how late a call may still start
    horizon: timedelta = timedelta(days=14)  # how far ahead calls are planned
    longest_call: timedelta = timedelta(hours=4)
    cdr_lag: timedelta = timedelta(minutes=10)  # how long after a call's end its CDR may take to appear
    origin_hold: timedelta = timedelta(minutes=15)  # how long an origin without evidence counts as talking
    origin_retry: timedelta = timedelta(seconds=5)  # how often a call looks whether its origin is free again
    unsent_retry: timedelta = timedelta(seconds=5)  # after a request that certainly wasn't sent
    unauthorized_retry: timedelta = timedelta(seconds=15)  # after the second 401 of a call
    stall: timedelta = timedelta(seconds=2)  # between the committed intention and the send
    hours: CallingHours = field(default_factory=CallingHours)
    clock_slack: timedelta = timedelta(seconds=2)  # between the provider's whole seconds and our clock
    voicemail: timedelta = timedelta(seconds=8)  # what is answered for less was perhaps answered by a voicemail
    retries: Retries = Retries()
    limits: Limits = Limits()

    @property
    def zone(self) -> tzinfo:
        """The company's: of its days, and of times in reasons."""
        return self.hours.clocks.company

    @property
    def silence(self) -> timedelta:
        """A CDR that hasn't come this long after the request won't come."""
        return self.longest_call + self.cdr_lag
