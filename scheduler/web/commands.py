"""What a button asks of the daemon: through the same rows of the ledger as commands beside it (rule 15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from scheduler.ledger.commands import insert_command
from scheduler.ledger.waiting import await_result
from scheduler.web.office import Office
from scheduler.web.tellings import NotDone

_PATIENCE = timedelta(seconds=35)  # a little longer than the daemon itself believes in a command


def ask_daemon(office: Office, kind: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
    """The daemon's answer.

    :raises NotDone: it refused, and why, or gave no answer.
    """
    command_id = office.ledger.write(insert_command, kind, arguments, office.clock.now())
    office.wake()
    result = await_result(office.ledger, command_id, _PATIENCE)
    if result is None:
        raise NotDone("the daemon gave no answer: look at its log before you try again")
    answer: Mapping[str, Any] = json.loads(result)
    if "error" in answer:
        raise NotDone(answer["error"])
    return answer
