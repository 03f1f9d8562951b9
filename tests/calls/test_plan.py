from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.appointment import Appointment
from scheduler.calls.plan import plan
from scheduler.calls.policy import Policy
from scheduler.vca import Presentation
from tests.calls.builders import CUSTOMER, HOUR, OTHER_CUSTOMER, an_appointment, key, keys_of
from tests.clocks import NOON

POLICY = Policy(grace=timedelta(minutes=3))


def test_an_appointment_becomes_a_call_with_a_deadline() -> None:
    (call,) = plan([an_appointment()], POLICY)
    assert call.keys == {key("one")}
    assert (call.asked_at, call.due_at, call.deadline_at) == (NOON, NOON, NOON + POLICY.grace)


def test_the_same_instance_in_two_calendars_is_one_call() -> None:
    (call,) = plan([an_appointment(), an_appointment(collection="team")], POLICY)
    assert call.keys == {key("one"), key("one", "team")}


def test_instances_of_one_series_are_calls_of_their_own() -> None:
    series = [
        an_appointment(recurrence_id="20261123T120000Z"),
        an_appointment(recurrence_id="20261124T120000Z", at=NOON + timedelta(days=1)),
    ]
    assert len(plan(series, POLICY)) == 2


def test_the_highest_sequence_decides_where_two_copies_differ() -> None:
    old = an_appointment(sequence=1, last_modified=NOON)
    new = an_appointment(collection="team", sequence=2, at=NOON + HOUR)
    (call,) = plan([new, old], POLICY)
    assert call.asked_at == NOON + HOUR


def test_among_equal_sequences_the_last_modified_decides() -> None:
    old = an_appointment(last_modified=NOON - HOUR, summary="old")
    new = an_appointment(collection="team", last_modified=NOON, summary="new")
    unstamped = an_appointment(collection="archive", summary="unstamped")
    (call,) = plan([new, unstamped, old], POLICY)
    assert call.summary == "new"


def test_different_events_with_the_same_numbers_at_the_same_instant_are_one_call() -> None:
    (call,) = plan([an_appointment("one"), an_appointment("two")], POLICY)
    assert call.keys == {key("one"), key("two")}


def test_another_number_or_instant_is_another_call() -> None:
    calls = plan(
        [
            an_appointment("one", at=NOON + HOUR),
            an_appointment("two"),
            an_appointment("three", destination=OTHER_CUSTOMER),
        ],
        POLICY,
    )
    assert [call.due_at for call in calls] == [NOON, NOON, NOON + HOUR]


APPOINTMENTS = st.lists(
    st.builds(
        an_appointment,
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from([NOON, NOON + HOUR]),
        collection=st.sampled_from(["sales", "team"]),
        recurrence_id=st.sampled_from(["", "20261123"]),
        destination=st.sampled_from([CUSTOMER, OTHER_CUSTOMER]),
        sequence=st.integers(0, 2),
        last_modified=st.sampled_from([None, NOON, NOON + HOUR]),
    ),
    unique_by=lambda one: (one.collection, one.uid, one.recurrence_id),
)


@given(appointments=APPOINTMENTS, seed=st.randoms())
def test_every_appointment_means_one_call_and_their_order_decides_nothing(
    appointments: list[Appointment], seed: Random
) -> None:
    calls = plan(appointments, POLICY)
    shuffled = list(appointments)
    seed.shuffle(shuffled)
    assert plan(shuffled, POLICY) == calls
    assert sorted(one for call in calls for one in call.keys) == sorted(keys_of(appointments))
    assert len({call.slot for call in calls}) == len(calls)
    assert [call.due_at for call in calls] == sorted(call.due_at for call in calls)


@given(at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_call_is_due_when_it_is_asked_for(at: datetime) -> None:
    (call,) = plan([an_appointment(at=at.replace(tzinfo=NOON.tzinfo))], POLICY)
    assert call.asked_at == call.due_at <= call.deadline_at


def test_where_one_of_several_wants_no_number_shown_none_is_and_the_deciding_one_is_named() -> None:
    masked = replace(an_appointment("masked"), presentation=Presentation.RESTRICTED)
    shown = an_appointment("shown")
    (call,) = plan([masked, shown], Policy())
    assert (call.presentation, call.leader) == (Presentation.RESTRICTED, key("shown"))
