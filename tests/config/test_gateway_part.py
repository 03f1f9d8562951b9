"""The gateway reads its own part of a file, which may hold nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from scheduler.config import read_config, read_gateway_config
from scheduler.gateway.settings import Behaviour, Fault, FaultKind, LineScript
from scheduler.logs import LogSettings
from scheduler.phone import PhoneNumber
from tests.config.files import PASSWORD, VALID, problems_of, write

GATEWAY = """
[gateway]
listen = "[::1]:8471"
database = "gateway.db"

[[gateway.client]]
id = "acme"
secret = { file = "secret" }
numbers = ["+3228160257"]

[[gateway.script]]
number = "+324"
does = "busy"
after = "2 s"

[[gateway.fault]]
kind = "slow"
first = 1
delay = "3 s"
"""


def test_a_file_with_the_gateway_alone_is_enough(tmp_path: Path) -> None:
    settings, log = read_gateway_config(write(tmp_path, GATEWAY))
    assert (settings.host, settings.port, settings.database) == ("::1", 8471, tmp_path / "gateway.db")
    (client,) = settings.clients
    assert (client.client_id, client.client_secret) == ("acme", PASSWORD)
    assert client.numbers == (PhoneNumber("+3228160257"),)
    assert settings.scripts == (LineScript(number_prefix="+324", does=Behaviour.BUSY, after=timedelta(seconds=2)),)
    assert settings.faults == (
        Fault(kind=FaultKind.SLOW, destination_prefix="+", first=1, delay=timedelta(seconds=3)),
    )
    assert log == LogSettings()


def test_no_secret_is_in_what_a_log_or_traceback_would_print(tmp_path: Path) -> None:
    assert PASSWORD not in repr(read_gateway_config(write(tmp_path, GATEWAY)))


def test_the_daemon_and_the_gateway_read_one_file(tmp_path: Path) -> None:
    path = write(tmp_path, VALID + GATEWAY + '\n[log]\nlevel = "debug"\n')
    assert read_config(path).log.level == "DEBUG"
    assert read_gateway_config(path)[1].level == "DEBUG"


def test_the_daemons_part_is_not_the_gateways_to_check(tmp_path: Path) -> None:
    assert read_gateway_config(write(tmp_path, "[company]\nwrong = 1\n" + GATEWAY))


def test_the_daemon_tells_what_is_wrong_in_the_gateways_part_too(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, VALID + GATEWAY + "\n[[gateway.script]]\nnumber = '0468'\n"))
    assert problem.startswith("config.toml, line 41: gateway.script[1].number: write how the numbers begin")


def test_a_client_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    again = '\n[[gateway.client]]\nid = "acme"\nsecret = { env = "PATH" }\nnumbers = ["+3228160258"]\n'
    problems = problems_of(write(tmp_path, GATEWAY + again), read_gateway_config)
    assert problems == ("config.toml, line 22: gateway.client[1].id: 'acme' is there twice",)


def test_a_missing_secret_names_the_clients_line(tmp_path: Path) -> None:
    path = write(tmp_path, GATEWAY.replace('"secret"', '"none"'))
    assert problems_of(path, read_gateway_config) == (
        "config.toml, line 8: gateway.client[0].secret: the secret's file none: No such file or directory",
    )


def test_a_file_without_a_gateway_says_so(tmp_path: Path) -> None:
    assert problems_of(write(tmp_path), read_gateway_config) == ("config.toml: gateway: is missing",)


def test_a_log_that_no_option_allows_is_refused_with_the_choices(tmp_path: Path) -> None:
    path = write(tmp_path, GATEWAY + '[log]\nformat = "xml"\npersonal = "all"\n')
    format_problem, personal_problem = problems_of(path, read_gateway_config)
    assert "log.format" in format_problem
    assert "journal" in format_problem
    assert "log.personal" in personal_problem
