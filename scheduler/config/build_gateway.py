"""From the checked tables of the file to the gateway's settings."""

from __future__ import annotations

from pathlib import Path

from scheduler.config.log import build_log
from scheduler.config.model import GatewayClientTable, GatewayFile
from scheduler.config.problems import Problems
from scheduler.config.secrets import Secrets
from scheduler.gateway.settings import Fault, GatewayClient, GatewaySettings, LineScript
from scheduler.logs import LogSettings


def build_gateway(file: GatewayFile, folder: Path, problems: Problems) -> tuple[GatewaySettings, LogSettings]:
    """The settings, and how it logs; ``folder`` is where relative paths of the file start."""
    table = file.gateway
    secrets = Secrets(folder, problems)
    problems.add_repeated((("gateway", "client", index, "id"), one.id) for index, one in enumerate(table.client))
    host, _, port = table.listen.rpartition(":")
    settings = GatewaySettings(
        host=host.strip("[]"),
        port=int(port),
        database=folder / table.database,
        clients=tuple(_client(one, index, secrets) for index, one in enumerate(table.client)),
        region=table.region,
        token_lifetime=table.token_lifetime,
        ring_time=table.ring_time,
        longest_call=table.longest_call,
        scripts=tuple(
            LineScript(number_prefix=one.number, does=one.does, after=one.after, talk=one.talk)
            for one in table.script
        ),
        faults=tuple(
            Fault(
                kind=one.kind,
                destination_prefix=one.destination,
                first=one.first,
                delay=one.delay,
                status=one.status,
            )
            for one in table.fault
        ),
    )
    return settings, build_log(file.log)


def _client(table: GatewayClientTable, index: int, secrets: Secrets) -> GatewayClient:
    secret = secrets.reveal(table.secret, ("gateway", "client", index, "secret"))
    return GatewayClient(client_id=table.id, client_secret=secret, numbers=table.numbers)
