"""The demo's configuration file: the daemon's and the gateway's in one, as people write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scheduler.demo.calendar_server import USER, CalendarServer
from scheduler.demo.scenes import MANAGERS, OFFICIAL_NUMBER, SCENES, SERVICE, Manager, Scene
from scheduler.gateway.settings import Behaviour

FEED = "service.ics"
CSV = "contacts.csv"
VCARDS = "contacts.vcf"


def write_settings(folder: Path, server: CalendarServer, gateway_port: int, page_port: int) -> Path:
    path = folder / "config.toml"
    parts = (_daemon(gateway_port, page_port), *_people(server), *_gateway(gateway_port))
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _daemon(gateway_port: int, page_port: int) -> str:
    return f"""\
[company]
region = "BE"
zone = "Europe/Brussels"
owned = [{_own_numbers()}]
cli = "{OFFICIAL_NUMBER}"
trusted_domains = ["example.com"]

[barring]
countries = ["BE", "GB", "US"]

[provider]
url = "http://127.0.0.1:{gateway_port}/vca/1.0.0"
token_url = "http://127.0.0.1:{gateway_port}/token"
client_id = "demo"
client_secret = {{ file = "secret" }}
timeout = "5 s"
cdr_every = "1 s"

[callback]
listen = "127.0.0.1:0"

# The demo is short: nobody is rung twice, and people talk for a moment only.
[calling]
retries = {{ origin = 0 }}
voicemail = "0 s"

[page]
listen = "127.0.0.1:{page_port}"

[ledger]
path = "ledger.db"

[[contacts]]
file = "{CSV}"

[[contacts]]
file = "{VCARDS}"
"""


def _people(server: CalendarServer) -> Iterator[str]:
    for manager in MANAGERS:
        yield _manager(manager)
        if manager.calendar:
            yield _calendar(manager, server)


def _manager(manager: Manager) -> str:
    return f"""\
[[manager]]
name = "{manager.name}"
emails = ["{manager.email}"]
origin = "{manager.number}"
"""


def _calendar(manager: Manager, server: CalendarServer) -> str:
    source = f'file = "{FEED}"'
    if manager.calendar != SERVICE:
        source = (
            f'caldav = "{server.url(manager.calendar)}"\nusername = "{USER}"\npassword = {{ file = "password" }}'
        )
    return f"""\
[[calendar]]
name = "{manager.calendar}"
{source}
every = "1 s"
origin = "{manager.number}"
"""


def _gateway(port: int) -> Iterator[str]:
    yield f"""\
[gateway]
listen = "127.0.0.1:{port}"
database = "gateway.db"
ring_time = "5 s"

[[gateway.client]]
id = "demo"
secret = {{ file = "secret" }}
numbers = [{_own_numbers()}]
"""
    for manager in MANAGERS:
        yield _script(manager.number, manager.phone)
    for scene in SCENES:
        if scene.number:
            yield _script(scene.number, scene.phone)
        if scene.answer_lost:
            yield _lost_answer(scene)


def _script(number: str, phone: Behaviour) -> str:
    after = "4 s" if phone is Behaviour.NO_ANSWER else "1 s"
    return f"""\
[[gateway.script]]
number = "{number}"
does = "{phone}"
after = "{after}"
talk = "3 s"
"""


def _lost_answer(scene: Scene) -> str:
    return f"""\
[[gateway.fault]]
kind = "lose_answer"
destination = "{scene.number}"
delay = "1 s"
"""


def _own_numbers() -> str:
    return ", ".join(f'"{number}"' for number in (OFFICIAL_NUMBER, *(manager.number for manager in MANAGERS)))
