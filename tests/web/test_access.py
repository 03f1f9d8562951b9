"""Who is let in to the page, and what nobody can make somebody else's browser do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import requests
from starlette.routing import Route

from scheduler.web import passwords, sessions
from scheduler.web.feed import Feed, FeedSettings
from scheduler.web.guard import Guard
from scheduler.web.settings import PageSettings, TrustedProxy
from scheduler.web.site import create_site
from tests.web.page import FACTS, OPEN, Browser, Page, served, with_users

PROXY = TrustedProxy(addresses=(ip_network("127.0.0.0/8"),), header="X-Remote-User", operators=frozenset({"ann"}))
ANN, BEN = {"X-Remote-User": "ann"}, {"X-Remote-User": "ben"}


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_COST", 2**10)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Page]:
    """A page with users."""
    with served(tmp_path, with_users()) as found:
        yield found


def buttons(page: Page, settings: PageSettings = OPEN) -> list[str]:
    """The address of every form, those of calls for call 1."""
    site = create_site(page.office, settings)
    assert isinstance(site, Guard)
    routes = [one for one in site._app.routes if isinstance(one, Route)]  # type: ignore[attr-defined]
    return [one.path.replace("{id:int}", "1") for one in routes if one.methods and "POST" in one.methods]


def pause(browser: Browser, token: str, headers: dict[str, str] | None = None) -> int:
    return browser.post("/pauses", {"token": token, "scope": "everything"}, headers).status_code


def count_pauses(page: Page) -> int:
    return page.ledger.read(lambda c: c.execute("SELECT count(*) AS number FROM pause").fetchone()["number"])


def test_who_is_at_this_machine_looks_and_steers_without_a_login(page: Page) -> None:
    assert page.get("/").status_code == 200
    assert page.press("/pauses", "/pauses", scope="everything").startswith("Paused: everything")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8472", "[::1]:8472"])
def test_the_page_is_known_by_the_names_of_this_machine(page: Page, host: str) -> None:
    assert page.get("/", {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example.com", "localhost.example.com", "", "[", "127.0.0.1.example.com:80"]
)
def test_a_name_that_somebody_else_points_to_this_machine_shows_nothing(page: Page, host: str) -> None:
    answer = page.get("/", {"Host": host})
    assert answer.status_code in (400, 421)
    assert "planned" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_without_users_nobody_comes_through_a_proxy(page: Page, header: str) -> None:
    answer = page.get("/", {header: "192.0.2.1"})
    assert (answer.status_code, "page.user" in answer.text) == (403, True)


def test_no_button_works_without_the_token_of_its_form(page: Page) -> None:
    paths = buttons(page)
    assert len(paths) >= 6
    answers = {path: page.post(path, {"scope": "everything"}).status_code for path in paths}
    assert set(answers.values()) == {403}
    assert count_pauses(page) == 0


def test_no_button_works_with_the_token_of_somebody_else(closed: Page) -> None:
    other = closed.other_browser()
    other.log_in()
    closed.log_in()
    assert pause(closed, other.token("/pauses")) == 403


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.com"}],
)
def test_a_form_on_another_site_presses_no_button(page: Page, headers: dict[str, str]) -> None:
    assert pause(page, page.token("/pauses"), headers) == 403
    assert count_pauses(page) == 0


def test_a_form_that_is_larger_than_any_of_ours_is_refused(page: Page) -> None:
    answer = page.post("/pauses", {"token": page.token("/pauses"), "reason": "x" * 100_000})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/static/style.css", "/static/nothing.css"])
def test_every_answer_forbids_frames_strange_scripts_and_keeping_it(page: Page, path: str) -> None:
    headers = page.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_is_told_without_its_details_and_under_the_same_rules(page: Page) -> None:
    page.ledger.write(lambda c: c.execute("ALTER TABLE pause RENAME TO gone").close())
    answer = page.get("/pauses")
    assert (answer.status_code, "pause" in answer.text.lower().replace("pauses", "")) == (503, True)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_nothing_of_a_page_stands_in_it_as_a_script_or_style(page: Page) -> None:
    for path in ("/", "/pauses"):
        text = page.get(path).text
        assert re.findall(r"<script(?! src=)|<style| style=| on\w+=", text) == []
        assert re.findall(r'(?:src|href)="(?!/|#)', text) == []


def test_with_users_nobody_sees_anything_before_they_have_logged_in(closed: Page) -> None:
    answer = closed.get("/calls/1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?to=/calls/1")
    assert closed.post("/pauses", {"scope": "everything"}).headers["Location"].startswith("/login")
    assert closed.get("/static/style.css").status_code == 200


def test_a_login_leads_to_the_page_that_was_asked_for(closed: Page) -> None:
    answer = closed.log_in(to="/pauses")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pauses")
    assert "ann" in closed.get("/pauses").text


@pytest.mark.parametrize(
    "to", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "javascript:0"]
)
def test_a_login_never_leads_to_another_site(closed: Page, to: str) -> None:
    assert closed.log_in(to=to).headers["Location"] == "/"


def test_the_cookie_of_a_login_is_hidden_from_scripts_and_from_other_sites(closed: Page) -> None:
    cookie = closed.log_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_travels_by_tls_alone(tmp_path: Path) -> None:
    settings = with_users(replace(OPEN, url="https://calls.example.com"))
    with served(tmp_path, settings) as page:
        assert "Secure" in page.log_in().headers["Set-Cookie"]
        assert page.get("/login", {"Host": "calls.example.com"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong"), ("eve", "wrong"), ("", ""), ("ann", "x" * 2_000)]
)
def test_a_wrong_name_or_password_lets_nobody_in_and_says_not_which(
    closed: Page, name: str, password: str
) -> None:
    answer = closed.log_in(name, password)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)
    assert "don&#39;t belong together" in answer.text


def test_after_five_wrong_passwords_even_the_right_one_waits(closed: Page) -> None:
    assert [closed.log_in(password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    assert closed.log_in().status_code == 429
    assert closed.other_browser().log_in("ben").status_code == 303
    closed.clock.advance(timedelta(minutes=10))
    assert closed.log_in().status_code == 303


def test_an_address_that_tries_many_names_waits_with_all_of_them(
    closed: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_MOST_OF_ONE", 8)
    assert {closed.log_in(f"guess {number}", "wrong").status_code for number in range(8)} == {401}
    assert closed.log_in().status_code == 429


def test_who_may_only_look_sees_no_buttons_and_presses_none(closed: Page) -> None:
    closed.log_in("ben")
    text = closed.get("/pauses").text
    assert ("looking only" in text, 'action="/pauses"' in text) == (True, False)
    token = closed.token("/")  # that of the form by which they log out
    assert pause(closed, token) == 403
    assert count_pauses(closed) == 0


def test_a_session_ends_when_somebody_logs_out_also_for_who_kept_its_cookie(closed: Page) -> None:
    closed.log_in()
    kept = closed.session.cookies["call-scheduler"]
    assert closed.post("/logout", {"token": closed.token("/")}).headers["Location"] == "/login"
    closed.session.cookies.set("call-scheduler", kept)
    assert closed.get("/").status_code == 303


def test_a_session_ends_by_itself(closed: Page) -> None:
    closed.log_in()
    closed.clock.advance(timedelta(hours=11, minutes=59))
    assert closed.get("/").status_code == 200
    closed.clock.advance(timedelta(minutes=1))
    assert closed.get("/").status_code == 303


def test_nobody_is_logged_out_by_another_site(closed: Page) -> None:
    closed.log_in()
    assert closed.post("/logout", {}).status_code == 403
    assert closed.get("/").status_code == 200


def test_a_proxy_says_who_asks_and_the_configuration_what_they_may_do(tmp_path: Path) -> None:
    with served(tmp_path, replace(OPEN, proxy=PROXY)) as page:
        assert "looking only" in page.get("/", BEN).text
        page.session.headers.update(ANN)
        assert page.press("/pauses", "/pauses", scope="everything").startswith("Paused")


@pytest.mark.parametrize("headers", [{}, {"X-Remote-User": ""}])
def test_a_proxy_that_does_not_say_who_asks_lets_nobody_in(tmp_path: Path, headers: dict[str, str]) -> None:
    with served(tmp_path, replace(OPEN, proxy=PROXY)) as page:
        assert page.get("/", headers).status_code == 403


def test_who_does_not_come_from_the_proxy_is_not_believed(tmp_path: Path) -> None:
    elsewhere = replace(PROXY, addresses=(ip_network("192.0.2.1/32"),))
    with served(tmp_path, replace(OPEN, proxy=elsewhere)) as page:
        assert page.get("/", {**ANN, "X-Forwarded-For": "192.0.2.1"}).status_code == 403


def test_a_calendar_program_that_knows_a_feeds_address_reads_it_without_a_login(closed: Page) -> None:
    calls = Feed(name="Calls", origin=None)
    feed = FeedSettings(secret="not-a-real-secret", url="https://calls.example.com", feeds=(calls,))
    closed.office.facts = replace(FACTS, feed=feed)
    answer = closed.get(feed.path_of(calls), {"Host": "calls.example.com"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
    assert closed.get(feed.path_of(calls), {"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/feed/guessed.ics", "/feed/../", "/feed/x/../../pauses", "/feed/%2e%2e/"])
def test_an_address_beside_those_of_feeds_opens_nothing(closed: Page, path: str) -> None:
    request = requests.Request("GET", closed.url).prepare()
    request.url = closed.url + path  # as it stands: no browser tidies it up
    answer = closed.session.send(request, allow_redirects=False, timeout=20)
    # 307 is to the same path without its last slash.
    assert answer.status_code in (404, 307)
    assert "Pauses" not in answer.text
