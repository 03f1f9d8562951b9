"""Address books on real servers as contacts: kept in the ledger, and read again when a card changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.database import Database
from scheduler.duties.address_book import FetchedBook, StoredBook
from scheduler.duties.contacts import ContactsDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import SyncedCalendar
from scheduler.http import Http, HttpSettings
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import ADDRESS_BOOK
from scheduler.login import Login
from scheduler.sources.carddav_server import CarddavSettings, CarddavSource
from tests.clocks import SetClock
from tests.servers import Client, Proxy, radicale, xandikos
from tests.sources.worlds import card

NAME = "customers"


@dataclass(frozen=True, kw_only=True)
class Office:
    """An address book with two cards behind a proxy, and a ledger."""

    client: Client
    proxy: Proxy
    path: str
    http: Http
    ledger: Database

    @property
    def book(self) -> SyncedCalendar:
        login = Login(username=self.client.user, password=self.client.password)
        settings = CarddavSettings(name=ADDRESS_BOOK + NAME, url=self.proxy.url + self.path[1:], login=login)
        source = CarddavSource(settings, self.http)
        return SyncedCalendar(source=source, every=timedelta(minutes=5), settings="a")

    def write(self, uid: str, *details: str) -> None:
        self.client.put(f"{self.path}{uid}.vcf", card(uid, *details))

    def sync(self) -> str:
        """The problem, if there is one."""
        with closing(SyncDuty(self.ledger, (self.book,), SetClock(), lambda _: None)) as duty:
            (synced,) = duty.sync_all()
        return synced.problem

    def contacts(self, before: ContactsDuty | None = None) -> ContactsDuty:
        """As after a restart, or a reload, which knows what was before."""
        stored = StoredBook(self.book, name=NAME, region="BE", ledger=self.ledger)
        duty = ContactsDuty((stored,), ("cell",), before=before)
        duty.run_once()
        return duty


@pytest.fixture(scope="module", params=["radicale", "xandikos"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, str]]:
    """A client, and the folder for its address books."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "radicale":
        with radicale(folder, {"ann": "secret"}) as url:
            yield Client(url=url, user="ann", password="secret"), "/ann/"
    else:
        with xandikos(folder) as url:
            yield Client(url=url), "/user/contacts/"


@pytest.fixture
def office(server: tuple[Client, str], tmp_path: Path) -> Iterator[Office]:
    client, folder = server
    path = f"{folder}{tmp_path.name.replace('_', '-')}/"
    client.make_address_book(path, "Customers")
    with ExitStack() as stack:
        found = Office(
            client=client,
            proxy=stack.enter_context(Proxy(client.url)),
            path=path,
            http=stack.enter_context(closing(Http(HttpSettings()))),
            ledger=stack.enter_context(closing(open_ledger(tmp_path / "ledger.db"))),
        )
        found.write("anna", "Anna Janssens")
        found.write("bea", "Bea Maes", "+32 468 37 39 02")
        yield found


def number_of(contacts: ContactsDuty, name: str) -> list[str]:
    return [str(contacts.contacts.number_of(one)) for one in contacts.contacts.by_name(name)]


def test_the_cards_of_a_book_are_contacts(office: Office) -> None:
    assert office.sync() == ""
    contacts = office.contacts()
    assert number_of(contacts, "anna janssens") == ["+32468373901"]
    assert (contacts.count(NAME), contacts.whole, contacts.problems) == (2, True, ())


def test_a_restart_has_the_contacts_though_the_server_is_away(office: Office) -> None:
    office.sync()
    office.proxy.break_down()
    assert office.sync() != ""
    assert office.contacts().count(NAME) == 2
    office.proxy.mend()


def edit(office: Office) -> None:
    office.write("anna", "Anna Janssens", "+32 468 37 39 09")


def remove(office: Office) -> None:
    office.client.delete(f"{office.path}anna.vcf")


@pytest.mark.parametrize(
    ("change", "numbers"), [(edit, ["+32468373909"]), (remove, [])], ids=["edited", "removed"]
)
def test_a_change_of_a_card_is_taken_over_without_a_restart(
    office: Office, change: Callable[[Office], None], numbers: list[str]
) -> None:
    office.sync()
    contacts = office.contacts()
    change(office)
    assert not contacts.run_once()
    office.sync()
    assert contacts.run_once()
    assert number_of(contacts, "Anna Janssens") == numbers


def test_a_fetch_that_brings_nothing_new_changes_no_contacts(office: Office) -> None:
    office.sync()
    contacts = office.contacts()
    office.sync()
    assert not contacts.run_once()


def test_a_book_that_was_never_fetched_is_a_problem_and_calls_nothing_off(office: Office) -> None:
    office.proxy.break_down()
    office.sync()
    contacts = office.contacts()
    office.proxy.mend()
    assert not contacts.whole
    assert "it has never been fetched well: " in contacts.problems[0].what


def test_a_book_that_is_suddenly_empty_keeps_its_contacts_in_use(office: Office) -> None:
    office.sync()
    contacts = office.contacts()
    for uid in ("anna", "bea"):
        office.client.delete(f"{office.path}{uid}.vcf")
    office.sync()
    contacts.run_once()
    assert number_of(contacts, "Anna Janssens") == ["+32468373901"]
    assert "no contact can be read in it" in contacts.problems[0].what


def test_a_card_that_has_no_number_to_call_is_listed_and_a_bad_number_a_problem(office: Office) -> None:
    office.write("cy", "Cy Example", "0468 37 39 O1")
    office.sync()
    contacts = office.contacts()
    assert [one.name for one in contacts.without_number(NAME)] == ["Cy Example"]
    assert [problem.where for problem in contacts.problems] == ["customers, cy.vcf, line 6"]


def test_without_a_ledger_a_book_is_fetched_once(office: Office) -> None:
    contacts = ContactsDuty((FetchedBook(office.book, name=NAME, region="BE"),), ("cell",))
    contacts.run_once()
    assert contacts.count(NAME) == 2
    office.proxy.seen.clear()
    assert not contacts.run_once()
    assert office.proxy.seen == []
