"""A server that is asked over https and names an http address to go on with: the login isn't told there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.errors import SourceUnreadable
from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.carddav_server import CarddavSettings, CarddavSource
from scheduler.sources.source import Source
from scheduler.tls import Tls
from tests.hostile import Hostile, answer, make_certificates


@pytest.fixture
def elsewhere() -> Iterator[Hostile]:
    with Hostile(answer(401, headers={"WWW-Authenticate": 'Basic realm="elsewhere"'})) as server:
        yield server


def principal_at(url: str) -> bytes:
    return (
        '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/</D:href><D:propstat><D:prop>'
        f"<D:current-user-principal><D:href>{url}</D:href></D:current-user-principal></D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    ).encode()


@pytest.mark.parametrize("kind", ["caldav", "carddav"])
@pytest.mark.parametrize("secret", ["password", "token"])
def test_a_login_is_not_told_in_the_clear(
    kind: str, secret: str, elsewhere: Hostile, tmp_path: Path, http: Http
) -> None:
    certificates = make_certificates(tmp_path)
    login = Login(**{"username": "ann", secret: "not-a-real-secret"}, tls=Tls(ca_bundle=certificates.bundle))
    with Hostile(answer(207, principal_at(elsewhere.url + "/ann/")), tls=certificates.context) as server:
        source: Source = (
            CaldavSource(CaldavSettings(name="office", url=server.url + "/", login=login))
            if kind == "caldav"
            else CarddavSource(CarddavSettings(name="office", url=server.url + "/", login=login), http)
        )
        with pytest.raises(SourceUnreadable, match=r"https to 127\.0\.0\.1:\d+ over http"):
            source.fetch(None, {})
    assert elsewhere.requests == []
