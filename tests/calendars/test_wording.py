"""Words are compared as people mean them, and prefixes are whole words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.wording import DEFAULT_PREFIXES, fold, name_key, rests_after


@pytest.mark.parametrize(
    ("title", "rests"),
    [
        ("Call with Anna", ("Anna", "with Anna")),
        ("Call", ("",)),
        ("call:Anna", ("Anna",)),
        ("[Call] Anna", ("Anna",)),
        (" - Call – Anna", ("Anna",)),
        ("Call A: B (C) D", ("A: B (C) D",)),
        ("Callum", ()),
        ("A call", ()),
        ("", ()),
        (" : ", ()),
    ],
)
def test_the_rest_of_a_title_follows_whole_words(title, rests):
    assert rests_after(title, ("call", "call with", "", " - ")) == rests


def test_a_prefix_is_configured_in_any_case_and_accent():
    assert rests_after("telephoner a Anna", ("Téléphoner à",)) == ("Anna",)


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_any_title_and_name_is_read(text):
    name_key(text)
    assert all(isinstance(rest, str) for rest in rests_after(text, DEFAULT_PREFIXES))
