"""A proxy that spoils what a calendar server replies, in the ways in which networks and servers do."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

from tests.servers import Proxy, Reply

_LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><br>Please sign in</body></html>"
_EMPTY = b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
_NO_SUCH_TOKEN = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'
_LONGEST_STALL = 10.0  # seconds; whoever is tested gives up long before

Fault = Callable[["FaultyProxy", BaseHTTPRequestHandler, Reply], Reply | None]


class FaultyProxy(Proxy):
    """Spoils the n-th reply from now on, once; all others pass as they are."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.released = threading.Event()
        self._fault: Fault | None = None
        self._nth = 0

    def spoil(self, fault: str, nth: int = 1) -> None:
        self._fault, self._nth = FAULTS[fault], nth

    def be_well(self) -> None:
        self._fault = None

    def break_down(self) -> None:
        self.released.set()
        super().break_down()

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        self._nth -= 1
        fault = self._fault if self._nth == 0 else None
        spoiled = fault(self, handler, reply) if fault else reply
        # A client that has given up is what these tests are about.
        with suppress(OSError):
            if spoiled is not None:
                super().send(handler, spoiled)


def _instead(status: int, body: bytes = b"", kind: str = "text/xml") -> Fault:
    return lambda _proxy, _handler, _reply: Reply(status=status, body=body, headers={"Content-Type": kind})


def _drop(_proxy: FaultyProxy, handler: BaseHTTPRequestHandler, _reply: Reply) -> None:
    handler.close_connection = True


def _reset(_proxy: FaultyProxy, handler: BaseHTTPRequestHandler, _reply: Reply) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def _stall(proxy: FaultyProxy, handler: BaseHTTPRequestHandler, _reply: Reply) -> None:
    proxy.released.wait(_LONGEST_STALL)
    handler.close_connection = True


def _drip(proxy: FaultyProxy, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Byte by byte, so that no single wait is ever long."""
    _head(handler, reply, f"Content-Length: {len(reply.body)}")
    with suppress(OSError):
        for position in range(len(reply.body)):
            if proxy.released.wait(0.02):
                break
            handler.wfile.write(reply.body[position : position + 1])


def _cut(headers: str) -> Fault:
    """The first half of the body, under these headers."""

    def fault(_proxy: FaultyProxy, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        _head(handler, reply, headers.format(length=len(reply.body)))
        handler.wfile.write(reply.body[: len(reply.body) // 2])

    return fault


def _chunked(last: bytes) -> Fault:
    """The first half of the body as a chunk, then ``last``."""

    def fault(_proxy: FaultyProxy, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        half = reply.body[: len(reply.body) // 2]
        _head(handler, reply, "Transfer-Encoding: chunked")
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(half), half) + last)

    return fault


def _packed(pack: Callable[[bytes], bytes]) -> Fault:
    return lambda _proxy, _handler, reply: replace(
        reply, body=pack(reply.body), headers={**reply.headers, "Content-Encoding": "gzip"}
    )


def _token(replacement: bytes) -> Fault:
    """The same reply, whose token is another."""

    def fault(_proxy: FaultyProxy, _handler: BaseHTTPRequestHandler, reply: Reply) -> Reply:
        return replace(reply, body=re.sub(rb"(sync-token>)[^<]+(</)", rb"\1" + replacement + rb"\2", reply.body))

    return fault


def _one_left_out(_proxy: FaultyProxy, _handler: BaseHTTPRequestHandler, reply: Reply) -> Reply:
    """Objects were asked for, and the server says nothing of one of them."""
    with_content = rb"<(\w+:)?response>(?:(?!</(\w+:)?response>).)*-data.*?</(\w+:)?response>"
    return replace(reply, body=re.sub(with_content, b"", reply.body, count=1, flags=re.DOTALL))


def _head(handler: BaseHTTPRequestHandler, reply: Reply, headers: str) -> None:
    head = f"HTTP/1.1 {reply.status} Said\r\nContent-Type: text/xml\r\nConnection: close\r\n{headers}\r\n\r\n"
    handler.wfile.write(head.encode())
    handler.close_connection = True


FAULTS: dict[str, Fault] = {
    "drop": _drop,
    "reset": _reset,
    "stall": _stall,
    "drip": _drip,
    "cut short": _cut("Content-Length: {length}"),
    "cut short without a length": _cut("X-Length: none"),
    "chunks that end early": _chunked(b""),
    "chunks of garbage": _chunked(b"not a length\r\ngarbage"),
    "gzip": _packed(gzip.compress),
    "gzip cut short": _packed(lambda body: gzip.compress(body)[:-12]),
    "gzip that isn't": _packed(lambda body: body),
    "login page": _instead(200, _LOGIN_PAGE, "text/html"),
    "login page as an answer": _instead(207, _LOGIN_PAGE, "text/html"),
    "nothing": _instead(207),
    "no responses": _instead(207, _EMPTY),
    "no content": _instead(204),
    "one left out": _one_left_out,
    "JSON": _instead(200, b'{"error": "try again"}', "application/json"),
    "server error": _instead(500, _LOGIN_PAGE, "text/html"),
    "bad gateway": _instead(502),
    "maintenance": _instead(503),
    "too many requests": _instead(429),
    "login refused": _instead(401),
    "forbidden": _instead(403),
    "gone": _instead(404),
    "token refused": _instead(403, _NO_SUCH_TOKEN),
    "wrong token": _token(b"nonsense"),
    "token of somebody else": _token(b"http://radicale.org/ns/sync/" + b"0" * 64),
    "empty token": _token(b""),
}
