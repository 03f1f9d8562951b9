"""Whether the wall clock can be placed by: the decision on two readings of the clocks (rule 13)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.clock import Reading, Sync
from scheduler.duration import spell_duration

MOST_PARTED = timedelta(seconds=2)
NOT_SYNCHRONISED = "the clock isn't synchronised: waiting until it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """When wall and boot clock were last believed together, and why the wall clock isn't believed now."""

    anchor: Reading
    doubt: str = ""
    sync_first: str = ""  # why it is to be synchronised once before it is believed

    def parted(self, reading: Reading) -> timedelta:
        """How far the wall clock is ahead of where the boot clock says it should be.

        Both run at one speed, since the kernel disciplines both alike, and both count a suspend: only a step of
        the wall clock parts them.
        """
        return reading.wall - self._by_boot_clock(reading)

    def now(self, reading: Reading) -> datetime:
        """The wall clock; in doubt it is reckoned from the boot clock, so that a step changes nothing yet."""
        return self._by_boot_clock(reading) if self.doubt else reading.wall

    def _by_boot_clock(self, reading: Reading) -> datetime:
        return self.anchor.wall + timedelta(seconds=reading.boot - self.anchor.boot)


def stepped(belief: Belief, reading: Reading) -> bool:
    return abs(belief.parted(reading)) > MOST_PARTED


def judge(belief: Belief, reading: Reading, sync: Sync) -> Belief:
    """What is believed after ``reading``.

    A synchronised clock is believed wherever it stands, any other until it steps and once the step is taken back.
    """
    if sync is Sync.SYNCHRONISED:
        return Belief(anchor=reading if stepped(belief, reading) else belief.anchor)
    if stepped(belief, reading):
        return replace(belief, doubt=_jumped(belief.parted(reading)))
    return replace(belief, doubt=belief.sync_first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the process before went by."""

    boot_id: str
    anchor: Reading
    stopped: bool  # it ended in order: whoever starts it again knows what the clock shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is known at a start of the times before it."""

    boot_id: str = ""  # of the machine now; "" where it isn't known
    before: Remembered | None = None
    newest_at: datetime | None = None  # the last instant at which anything is known to have happened

    def same_boot(self, reading: Reading) -> bool:
        if self.before is None or not self.boot_id:
            return False
        return self.before.boot_id == self.boot_id and self.before.anchor.boot <= reading.boot


def at_start(reading: Reading, sync: Sync, memory: Memory, *, wait_for_sync: bool) -> Belief:
    """What is believed when a process starts.

    After a crash the clock is held against what the process before went by: it may have been set right before. A
    person who stops and starts the process says by that that the clock is right.
    """
    belief = _as_remembered(reading, sync, memory)
    if not wait_for_sync or sync is Sync.SYNCHRONISED:
        return belief
    return replace(
        belief, doubt=belief.doubt or NOT_SYNCHRONISED, sync_first=belief.sync_first or NOT_SYNCHRONISED
    )


def _as_remembered(reading: Reading, sync: Sync, memory: Memory) -> Belief:
    before, newest = memory.before, memory.newest_at
    if before is not None and memory.same_boot(reading):
        return Belief(anchor=reading) if before.stopped else judge(Belief(anchor=before.anchor), reading, sync)
    if sync is Sync.SYNCHRONISED or newest is None or reading.wall >= newest - MOST_PARTED:
        return Belief(anchor=reading)
    behind = (
        f"the clock shows a time that was past at {newest:%Y-%m-%d %H:%M:%S} UTC: waiting until it is synchronised"
    )
    return Belief(anchor=reading, doubt=behind, sync_first=behind)


def slept(before: Reading, after: Reading) -> timedelta:
    """How long the machine was suspended between two readings."""
    asleep = (after.boot - after.monotonic) - (before.boot - before.monotonic)
    return timedelta(seconds=max(0.0, asleep))


def _jumped(parted: timedelta) -> str:
    direction = "ahead" if parted > timedelta() else "back"
    return f"the clock jumped {direction} by {spell_duration(abs(parted))}: waiting until it is synchronised"
