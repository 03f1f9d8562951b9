from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.sources.source import SourceState


@given(
    state=st.builds(
        SourceState,
        asked=st.text(),
        collection_url=st.text(),
        lists_only=st.booleans(),
        sync_token=st.text(),
        etag=st.text(),
        last_modified=st.text(),
        digest=st.text(),
    )
)
def test_a_state_comes_back_from_json_as_it_was(state: SourceState) -> None:
    assert SourceState.from_json(state.to_json()) == state


@given(text=st.one_of(st.text(), st.sampled_from(["null", "[]", '{"etag": 3}', '{"unknown": "x"}', "[" * 9999])))
def test_a_state_that_cannot_be_read_is_an_empty_one(text: str) -> None:
    assert SourceState.from_json(text) == SourceState()


def test_what_can_be_read_of_a_state_is_kept() -> None:
    text = '{"etag": "x", "lists_only": "yes", "sync_token": null, "later": 1}'
    assert SourceState.from_json(text) == SourceState(etag="x")
