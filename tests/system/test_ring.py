"""From real calendar clients to the gateway's records: gateway, daemon and calendar server are processes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.processes import daemon, gateway
from tests.servers import Client, radicale
from tests.system.company import CUSTOMER, MANAGER, await_true, found_company, soon
from tests.system.tools import run

pytestmark = pytest.mark.system

QUICK = """
[[gateway.script]]
number = "+"
after = "50 ms"
talk = "1 s"
"""
NOT_FOUND = """
[[gateway.script]]
number = "+32"
does = "not_found"
after = "50 ms"
"""
# As the operator's page shows a CDR of a first leg that failed.
OPERATORS_CDR = {
    "sessionId": str,
    "origin": str,
    "destination": str,
    "presentation": str,
    "requestTime": str,
    "callOneRelease": str,
    "callOneSetup": str,
    "callDuration": int,
    "callReleaseInfo": str,
    "webRTC": bool,
}

KHAL = """
[calendars]
[[sales]]
path = {folder}/vdir/sales
[locale]
local_timezone = Europe/Brussels
default_timezone = Europe/Brussels
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
"""
VDIRSYNCER = """
[general]
status_path = "{folder}/status"
[pair sales]
a = "local"
b = "server"
collections = ["sales"]
[storage local]
type = "filesystem"
path = "{folder}/vdir"
fileext = ".ics"
[storage server]
type = "caldav"
url = "{url}"
username = "ann"
password = "calendar-password"
"""


def test_an_event_written_by_khal_and_synchronised_by_vdirsyncer_rings(tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale", {"ann": "calendar-password"}) as url:
        Client(url=url, user="ann", password="calendar-password").make_calendar("/ann/sales/", "Sales")
        (tmp_path / "calendar-password").write_text("calendar-password\n")
        company = found_company(
            tmp_path,
            source=f'caldav = "{url}ann/sales/"\nusername = "ann"\npassword = {{ file = "calendar-password" }}',
            line=QUICK,
        )
        with gateway(company.config), daemon(company.config):
            start = _write_with_khal(tmp_path, url)
            await_true(lambda: len(company.cdrs()) == 1)
            await_true(lambda: company.calls()[0]["state"] == "ended")
    (call,) = company.calls()
    assert (call["outcome"], call["summary"], call["calendar"]) == ("answered", "Quarterly review", "sales")
    assert (call["origin"], call["destination"]) == (MANAGER, CUSTOMER)
    assert timedelta() < start - datetime.fromisoformat(call["due_at"]) < timedelta(minutes=3)


def _write_with_khal(folder: Path, url: str) -> datetime:
    """khal writes whole minutes: an event at the next but one rings in a few seconds by its own lead."""
    (folder / "khal.conf").write_text(KHAL.format(folder=folder))
    (folder / "vdirsyncer.conf").write_text(VDIRSYNCER.format(folder=folder, url=url))
    (folder / "vdir" / "sales").mkdir(parents=True)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    brussels = ZoneInfo("Europe/Brussels")
    ring_at = soon(8).astimezone(brussels)
    start = ring_at.replace(second=0) + timedelta(minutes=2)
    lead = int((start - ring_at).total_seconds())
    end = start + timedelta(minutes=15)
    run(
        "khal", "-c", f"{folder}/khal.conf", "new", "-a", "sales", "--location", CUSTOMER,
        f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}", "Quarterly review", "::", f"Call-Lead: {lead} s",
        env=home,
    )  # fmt: skip
    run("vdirsyncer", "-c", f"{folder}/vdirsyncer.conf", "discover", env=home, answers="y\ny\n")
    run("vdirsyncer", "-c", f"{folder}/vdirsyncer.conf", "sync", env=home)
    return start


def test_plain_curl_sees_the_ring_shaped_as_on_the_operators_page(tmp_path: Path) -> None:
    company = found_company(tmp_path, line=NOT_FOUND)
    with gateway(company.config), daemon(company.config):
        company.write_event(soon())
        await_true(lambda: len(company.cdrs()) == 1)
        page = company.cdr_page()
    (cdr,) = page["items"]
    assert {key: type(value) for key, value in cdr.items()} == OPERATORS_CDR
    assert (cdr["origin"], cdr["destination"]) == (MANAGER.removeprefix("+"), CUSTOMER.removeprefix("+"))
    assert cdr["callReleaseInfo"] == "Leg1-404-NotFound received"
    assert (cdr["presentation"], cdr["callDuration"], cdr["webRTC"]) == ("allowed", 0, False)
    assert page["meta"] == {"currentPage": 0, "totalElements": 1, "lastPage": 0}
    for key in ("requestTime", "callOneSetup", "callOneRelease"):
        assert datetime.strptime(cdr[key], "%Y-%m-%dT%H:%M:%S%z")
