"""Real calendar servers for tests, each a process of its own on loopback, and a proxy to put before them."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

NO_USERS: Mapping[str, str] = {}
_START_SECONDS = 30.0
# accept-encoding is left out, so that tests can read and change the replies.
_OF_ONE_HOP = {
    *("connection", "keep-alive", "transfer-encoding", "content-length"),
    *("server", "date", "accept-encoding"),
}


@contextmanager
def radicale(folder: Path, users: Mapping[str, str] = NO_USERS, *, server_options: str = "") -> Iterator[str]:
    """Radicale with its collections below ``folder``; ``users`` are passwords by name, none lets anybody in.

    :param server_options: more lines of its ``[server]``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    passwords = folder / "users"
    passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    port = free_port()
    config = folder / "config"
    config.write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n{server_options}"
        f"[auth]\ntype = {'htpasswd' if users else 'none'}\ndelay = 0\n"
        f"htpasswd_filename = {passwords}\nhtpasswd_encryption = plain\n"
        f"[storage]\nfilesystem_folder = {folder / 'collections'}\n"
        "[logging]\nlevel = warning\n"
    )
    with _running([sys.executable, "-m", "radicale", "--config", str(config)], folder, port) as url:
        yield url


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """Xandikos, which lets anybody in; its principal is ``/user/``, its calendars are in ``/user/calendars/``."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "xandikos", "serve", "--no-detect-systemd", "--defaults"]
    command += ["-d", str(folder / "collections"), "--state-dir", str(folder / "state")]
    with _running([*command, "-l", "127.0.0.1", "-p", str(port)], folder, port) as url:
        yield url


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env={**os.environ, "HOME": str(folder)}
        )
    try:
        _wait_until_it_listens(process, port, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    pause = threading.Event()
    for _ in range(int(_START_SECONDS / 0.05)):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.05)
    raise RuntimeError(f"the server didn't start: {log.read_text()}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Client:
    """Does to a calendar what its user would do; ``url`` is the server's root."""

    url: str
    user: str = ""
    password: str = ""

    def make_calendar(self, path: str, display_name: str = "", component: str = "") -> None:
        name = f"<D:displayname>{display_name}</D:displayname>" if display_name else ""
        component = f'<C:comp name="{component}"/>' if component else ""
        if component:
            component = f"<C:supported-calendar-component-set>{component}</C:supported-calendar-component-set>"
        body = (
            '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
            f"<D:set><D:prop>{name}{component}</D:prop></D:set></C:mkcalendar>"
        )
        self.ask("MKCALENDAR", path, body.encode(), {"Content-Type": "text/xml"})

    def make_address_book(self, path: str, display_name: str = "") -> None:
        name = f"<D:displayname>{display_name}</D:displayname>" if display_name else ""
        body = (
            '<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:set><D:prop>'
            f"<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype>{name}"
            "</D:prop></D:set></D:mkcol>"
        )
        self.ask("MKCOL", path, body.encode(), {"Content-Type": "text/xml"})

    def put(self, path: str, data: bytes) -> None:
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        self.ask("PUT", path, data, {"Content-Type": f"{kind}; charset=utf-8"})

    def delete(self, path: str) -> None:
        self.ask("DELETE", path)

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_USERS) -> Reply:
        """One request, which must succeed."""
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        auth = {"Authorization": f"Basic {credentials}"} if self.user else {}
        reply = _ask(self.url, method, path, body, {**auth, **headers})
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.body!r}")
        return reply


def _ask(url: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Reply(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Proxy:
    """Passes requests on to a server, counts them, and answers in its place where it is told to.

    ``instead`` looks at each request and returns a reply, or None to pass it on; ``afterwards`` may change
    what the server replied. Between ``break_down`` and ``mend`` nothing listens.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.seen: list[Seen] = []
        self.instead: Callable[[Seen], Reply | None] = lambda _: None
        self.afterwards: Callable[[Seen, Reply], Reply] = lambda _, reply: reply
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/"

    def __enter__(self) -> Proxy:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.break_down()

    def mend(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def break_down(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer_everything(self, status: int, body: bytes = b"", content_type: str = "text/xml") -> None:
        self.instead = lambda _: Reply(status=status, body=body, headers={"Content-Type": content_type})

    def pass_on(self) -> None:
        self.instead = lambda _: None

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        """Put the reply on the wire; to be overridden by proxies that don't do it well."""
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in _OF_ONE_HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        # Kept open it would outlive break_down.
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(reply.body)

    def _reply_to(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        reply = self.instead(seen)
        if reply is None:
            reply = _ask(self.target, seen.method, seen.path, seen.body, seen.headers)
        return self.afterwards(seen, reply)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
                seen = Seen(method=self.command, path=self.path, headers=headers, body=body)
                with suppress(ConnectionError):  # the client gave up
                    proxy.send(self, proxy._reply_to(seen))

            def log_message(self, format: str, *args: object) -> None:
                """Silent: the tests look at ``seen``."""

        return Handler
