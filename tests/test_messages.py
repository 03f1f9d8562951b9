"""A whole daemon tells by itself: alerts to a webhook and a mail server, and that it lives."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.hostile import Hostile, answer
from tests.mailbox import mail_server
from tests.world import await_true, soon, whole_world


def test_a_barred_call_reaches_the_admin_and_the_switch_hears_that_the_daemon_lives(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world, Hostile(answer(204)) as server, mail_server() as mailbox:
        (tmp_path / "hook").write_text(f"{server.url}/hook")
        (tmp_path / "ping").write_text(f"{server.url}/ping")
        tables = (
            f'\n[mail]\nhost = "127.0.0.1"\nport = {mailbox.settings.port}\nsecurity = "none"\n'
            'sender = "calls@example.com"\npeople = "at_once"\n'
            '[alerts]\nmail = ["admin@example.com"]\nwebhook = { file = "hook" }\n'
            '[ping]\nurl = { file = "ping" }\nevery = "200 ms"\n'
        )
        world.configure(lambda text: text + tables)
        with running_daemon(read_config(world.config), SystemClock()):
            await_true(lambda: any(request.path == "/ping" for request in server.requests))
            world.put("premium", soon() + timedelta(minutes=5), "LOCATION:+3290012345", summary="Call")
            world.put("soon", soon(2), "LOCATION:+3290012345", summary="Call")
            await_true(lambda: len(mailbox.messages) == 2)
            await_true(lambda: any(request.path == "/hook" for request in server.requests))
    mails = {message["To"]: message.get_content() for message in mailbox.messages}
    assert "was barred before any request" in mails["admin@example.com"]
    assert "premium numbers are barred" in mails["ann@example.com"]
    posted = next(json.loads(request.body) for request in server.requests if request.path == "/hook")
    assert posted["alerts"][0]["kind"] == "barred"
    assert not any(request.path == "/ping/fail" for request in server.requests)
