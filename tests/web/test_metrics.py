"""What a scrape reads, and the alert rules that are written for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from scheduler.callout.answer import Accepted, PerhapsSent
from scheduler.calls.call import Outcome
from scheduler.duties.meter import ANSWER_KINDS
from scheduler.ledger.collections import record_failed, record_fetched
from scheduler.ledger.life import stop
from scheduler.oauth import RENEWAL_RESULTS
from scheduler.web.ledger_metrics import LedgerCollector
from scheduler.web.metrics import Instruments, create_metrics_app
from tests.clocks import NOON
from tests.duties.support import Bench, bench
from tests.web.serving import serving

RULES = Path(__file__).parents[2] / "docs" / "prometheus-alerts.yml"
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def duties(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found


@pytest.fixture
def instruments() -> Instruments:
    return Instruments(answers=ANSWER_KINDS.values(), results=RENEWAL_RESULTS)


@pytest.fixture
def scraped(duties: Bench, instruments: Instruments) -> Iterator[str]:
    collector = LedgerCollector(duties.ledger, duties.clock, {"sales": "sales", "ann": "calendar 2"})
    with serving(create_metrics_app(instruments, collector, tuple)) as url:
        yield url


def scrape(url: str, accept: str = "") -> requests.Response:
    answer = requests.get(f"{url}/metrics", headers={"Accept": accept}, timeout=10)
    assert answer.status_code == 200
    return answer


def samples(url: str) -> Samples:
    answer = scrape(url)
    return {
        (one.name, tuple(one.labels.values())): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_calls_are_counted_by_outcome_with_those_that_never_came_at_zero(duties: Bench, scraped: str) -> None:
    duties.ledger.write(stop, duties.add(), Outcome.CANCELLED, "gone", NOON)
    found = samples(scraped)
    assert found["call_scheduler_calls_total", ("cancelled",)] == 1
    assert {labels for name, labels in found if name == "call_scheduler_calls_total"} == {
        (outcome.value,) for outcome in Outcome
    }


def test_counts_of_the_ledger_survive_a_restart(duties: Bench, scraped: str) -> None:
    duties.ledger.write(stop, duties.add(), Outcome.MISSED, "late", NOON)
    anew = Instruments(answers=(), results=())
    key = ("call_scheduler_calls_total", ("missed",))
    with serving(create_metrics_app(anew, LedgerCollector(duties.ledger, duties.clock, {}), tuple)) as restarted:
        assert samples(restarted)[key] == samples(scraped)[key] == 1


def test_a_call_that_is_due_and_then_an_open_request_are_seen(duties: Bench, scraped: str) -> None:
    duties.add()
    found = samples(scraped)
    assert (found["call_scheduler_calls_due", ()], found["call_scheduler_attempts_open", ()]) == (1, 0)
    assert found["call_scheduler_next_call_timestamp_seconds", ()] == NOON.timestamp()
    duties.place_due()
    found = samples(scraped)
    assert (found["call_scheduler_calls_due", ()], found["call_scheduler_attempts_open", ()]) == (0, 1)


def test_a_calendar_tells_when_it_was_read_last_and_how_often_it_failed_since(duties: Bench, scraped: str) -> None:
    duties.ledger.write(record_fetched, "ann", "", "", NOON, news=False)
    duties.ledger.write(record_failed, "ann", "", "no answer", NOON, forbidden=False)
    duties.ledger.write(record_fetched, "no longer configured", "", "", NOON, news=False)
    found = samples(scraped)
    name = "call_scheduler_collection_read_timestamp_seconds"
    assert {labels: value for (one, labels), value in found.items() if one == name} == {
        ("sales",): 0,
        ("calendar 2",): NOON.timestamp(),
    }
    assert found["call_scheduler_collection_failures", ("calendar 2",)] == 1


def test_what_placing_measures_is_told(instruments: Instruments, scraped: str) -> None:
    instruments.departed(timedelta(seconds=0.3))
    instruments.answered("accepted", timedelta(seconds=2))
    instruments.answered("withheld", None)
    instruments.renewed("refused")
    found = samples(scraped)
    assert found["call_scheduler_lateness_seconds_sum", ()] == pytest.approx(0.3)
    assert found["call_scheduler_provider_latency_seconds_count", ()] == 1
    assert found["call_scheduler_provider_answers_total", ("accepted",)] == 1
    assert found["call_scheduler_provider_answers_total", ("withheld",)] == 1
    assert found["call_scheduler_token_renewals_total", ("refused",)] == 1
    assert found["call_scheduler_provider_answers_total", ("refused",)] == 0


def test_sizes_and_versions_are_told(scraped: str, duties: Bench) -> None:
    found = samples(scraped)
    assert found["call_scheduler_ledger_size_bytes", ("database",)] == duties.ledger.path.stat().st_size
    assert [name for name, _ in found if name == "call_scheduler_build_info"]


def test_a_ledger_that_cannot_be_read_costs_its_own_figures_alone(
    duties: Bench, instruments: Instruments, scraped: str
) -> None:
    duties.ledger.close()
    instruments.renewed("granted")
    found = samples(scraped)
    assert found["call_scheduler_ledger_readable", ()] == 0
    assert found["call_scheduler_token_renewals_total", ("granted",)] == 1
    assert ("call_scheduler_calls_due", ()) not in found


def test_prometheus_gets_the_format_that_it_asks_for(scraped: str) -> None:
    answer = scrape(scraped, "application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_no_series_holds_a_number_or_a_name(duties: Bench, scraped: str) -> None:
    duties.provider.answers = [PerhapsSent(reason="+32468373901 didn't answer"), Accepted(session_id="Ben")]
    duties.add()
    duties.place_due()
    text = scrape(scraped).text
    assert [one for one in ("468373901", "Ben", "Call ") if one in text.replace("# HELP", "")] == []


def rules() -> list[dict[str, object]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_names_metrics_and_labels_that_exist(scraped: str) -> None:
    found = samples(scraped)
    for rule in rules():
        names = re.findall(r"call_scheduler_\w+", str(rule["expr"]))
        assert [name for name in names if name not in {one for one, _ in found}] == [], rule["alert"]
        for name, value in re.findall(r'(\w+)\{\w+=~?"([^"]*)"\}', str(rule["expr"])):
            told = {label for one, labels in found if one == name for label in labels}
            assert name == "up" or set(value.split("|")) <= told, rule["alert"]


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    assert len(rules()) > 8
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]  # type: ignore[call-overload]
