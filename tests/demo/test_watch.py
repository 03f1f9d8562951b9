"""What the gateway saw is given to the scenes by their numbers."""

from __future__ import annotations

from scheduler.demo.scenes import SCENES
from scheduler.demo.verdict import Came
from scheduler.demo.watch import strangers, with_reasons, with_rings
from scheduler.vca import Cdr, read_cdr

NOTHING_CAME = {scene.uid: Came() for scene in SCENES}


def test_a_ring_belongs_to_the_scene_of_its_number() -> None:
    rung = with_rings(NOTHING_CAME, [_cdr("442079460301", "1"), _cdr("442079460301", "2")])
    assert [ring.session_id for ring in rung["answered"].rings] == ["1", "2"]
    assert all(not came.rings for uid, came in rung.items() if uid != "answered")


def test_a_ring_that_nobody_set_out_is_noticed() -> None:
    stranger = _cdr("32468373999", "3")
    assert strangers([_cdr("442079460301", "1"), stranger]) == (stranger,)


def test_what_became_a_call_keeps_the_ledgers_reason() -> None:
    came = NOTHING_CAME | {"answered": Came(calls=1, reason="talked 3 s")}
    told = with_reasons(came, {"answered": "something else", "unmarked": "it doesn't ask for a call"})
    assert told["answered"].reason == "talked 3 s"
    assert told["unmarked"].reason == "it doesn't ask for a call"


def _cdr(destination: str, session_id: str) -> Cdr:
    return read_cdr({"sessionId": session_id, "origin": "3228160258", "destination": destination})
