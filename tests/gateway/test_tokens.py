from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from scheduler.errors import RequestRefused
from scheduler.gateway.tokens import Tokens, read_basic
from tests.gateway.support import CLIENT, NOON, OTHER

HOUR = timedelta(hours=1)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens((CLIENT, OTHER), HOUR)


def test_asking_again_gives_the_same_token_with_the_lifetime_left(tokens: Tokens) -> None:
    first = tokens.issue(CLIENT, NOON)
    again = tokens.issue(CLIENT, NOON + timedelta(minutes=50))
    assert again.text == first.text
    assert again.lifetime_left(NOON + timedelta(minutes=50)) == timedelta(minutes=10)


def test_a_token_with_less_than_a_second_left_is_replaced(tokens: Tokens) -> None:
    first = tokens.issue(CLIENT, NOON)
    late = NOON + HOUR - timedelta(milliseconds=500)
    assert tokens.issue(CLIENT, late).text != first.text


def test_a_token_belongs_to_its_client_alone(tokens: Tokens) -> None:
    mine, theirs = tokens.issue(CLIENT, NOON), tokens.issue(OTHER, NOON)
    assert tokens.authenticate(f"Bearer {mine.text}", NOON) is CLIENT
    assert tokens.authenticate(f"bearer {theirs.text}", NOON) is OTHER


def test_a_token_ends_with_its_lifetime(tokens: Tokens) -> None:
    header = f"Bearer {tokens.issue(CLIENT, NOON).text}"
    assert tokens.authenticate(header, NOON + HOUR - timedelta(seconds=1)) is CLIENT
    with pytest.raises(RequestRefused, match="expired"):
        tokens.authenticate(header, NOON + HOUR)


def test_a_revoked_token_is_refused_and_replaced(tokens: Tokens) -> None:
    first = tokens.issue(CLIENT, NOON)
    tokens.revoke(CLIENT)
    with pytest.raises(RequestRefused) as refusal:
        tokens.authenticate(f"Bearer {first.text}", NOON)
    assert refusal.value.status == 401
    assert tokens.issue(CLIENT, NOON).text != first.text


@pytest.mark.parametrize(
    ("client_id", "secret"), [("acme", "wrong"), ("nobody", "s3cret"), ("", ""), ("acme", "sécret")]
)
def test_a_wrong_id_or_secret_is_refused_without_telling_which(
    tokens: Tokens, client_id: str, secret: str
) -> None:
    with pytest.raises(RequestRefused, match="the client id or the secret is wrong") as refusal:
        tokens.client(client_id, secret)
    assert (refusal.value.status, refusal.value.code) == (401, 900901)


def test_neither_secret_nor_token_shows_in_a_repr(tokens: Tokens) -> None:
    issued = tokens.issue(CLIENT, NOON)
    assert CLIENT.client_secret not in repr(CLIENT)
    assert issued.text not in repr(issued)


def test_a_secret_may_contain_colons() -> None:
    header = "Basic " + base64.b64encode(b"acme:a:b").decode()
    assert read_basic(header) == ("acme", "a:b")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic ???", "Basic YWNtZQ==", "Basic /////w==", "Basic é", "Bearer YTpi"]
)
def test_a_broken_basic_header_is_refused(header: str) -> None:
    with pytest.raises(RequestRefused) as refusal:
        read_basic(header)
    assert refusal.value.status == 401
