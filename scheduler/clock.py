"""The only reader of the clocks. Everything else gets ``now`` as an argument."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

_STA_UNSYNC = 0x40  # of adjtimex(2)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ONE_MOMENT = 0.1  # seconds within which both clocks are read


class Clock(Protocol):
    """What the duties ask the time of; tests hand in one that they set."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC."""

    def boot_seconds(self) -> float:
        """Seconds since the machine started, a suspend included; never steps back."""


class Sync(StrEnum):
    """What the kernel says of the wall clock; whoever sets it by hand makes it unsynchronised."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "not synchronised"
    UNKNOWN = "not known to be synchronised: the kernel can't be asked here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All clocks at one moment; ``monotonic`` stands still while the machine is suspended."""

    wall: datetime
    boot: float
    monotonic: float


class MachineClock(Clock, Protocol):
    """A clock that can also be looked at for what is wrong with it."""

    def reading(self) -> Reading:
        """All clocks at once."""

    def sync(self) -> Sync:
        """To be asked after the reading that it is to judge: a step in between is then known as one."""

    def boot_id(self) -> str:
        """Which start of the machine ``boot_seconds`` counts from; "" where that isn't known."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot_seconds(self) -> float:
        # Not time.monotonic(): that one stands still while the machine is suspended.
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def reading(self) -> Reading:
        while True:
            boot = self.boot_seconds()
            found = Reading(wall=self.now(), boot=boot, monotonic=time.clock_gettime(time.CLOCK_MONOTONIC))
            # A process that was stopped in between would see a step where there is none.
            if self.boot_seconds() - boot < _ONE_MOMENT:
                return found

    def sync(self) -> Sync:
        timex = _Timex()
        if _LIBC.adjtimex(ctypes.byref(timex)) < 0:
            return Sync.UNKNOWN  # forbidden, as in some containers
        return Sync.UNSYNCHRONISED if timex.status & _STA_UNSYNC else Sync.SYNCHRONISED

    def boot_id(self) -> str:
        try:
            return _BOOT_ID.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""  # /proc is hidden, as in some containers


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex`` in adjtimex(2); ``modes`` 0 reads and changes nothing."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("more", ctypes.c_long * 32),
    )


_LIBC = ctypes.CDLL(None)
