"""What a button asks of the daemon: through the same rows of the ledger as commands beside it (rule 15)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from scheduler.ledger.commands import insert_command, select_result
from scheduler.web.office import Office
from scheduler.web.tellings import NotDone

_PATIENCE = timedelta(seconds=35)  # a little longer than the daemon itself believes in a command
_LOOK_EVERY = timedelta(milliseconds=50)


def ask_daemon(office: Office, kind: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
    """The daemon's answer.

    :raises NotDone: it refused, and why, or gave no answer.
    """
    command_id = office.ledger.write(insert_command, kind, arguments, office.clock.now())
    office.wake()
    give_up_at = time.monotonic() + _PATIENCE.total_seconds()
    while (result := office.ledger.read(select_result, command_id)) is None:
        if time.monotonic() > give_up_at:
            raise NotDone("the daemon gave no answer: look at its log before you try again")
        time.sleep(_LOOK_EVERY.total_seconds())
    answer: Mapping[str, Any] = json.loads(result)
    if "error" in answer:
        raise NotDone(answer["error"])
    return answer
