"""Telling systemd how the service is (sd_notify(3)): one datagram to the socket that it names."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import timedelta


def notify(message: str) -> None:
    """Send ``READY=1``, ``WATCHDOG=1``, ``STOPPING=1``, ``STATUS=…``; nothing where systemd isn't listening."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A manager that is gone, or doesn't read what it is sent, mustn't cost the calls.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
        notifier.connect("\0" + address[1:] if address.startswith("@") else address)
        notifier.send(message.encode(), socket.MSG_DONTWAIT)


def watchdog_interval() -> timedelta | None:
    """How often to say ``WATCHDOG=1``: half of what the unit allows; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return timedelta(microseconds=int(microseconds)) / 2 if microseconds.isdigit() else None
