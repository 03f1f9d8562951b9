"""A small HTTP server of sockets for tests, which misbehaves as it is told and counts what reached it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Connection:
    """One accepted connection, as the behaviours see it."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.socket = sock
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def wait_for_client(self) -> None:
        """Stay silent until the client has gone, or the server is stopped."""
        with suppress(OSError):
            while not self.stopped.is_set() and self.socket.recv(65_536):
                pass

    def read_request(self) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65_536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += self.socket.recv(65_536)
        method, path, _ = first.split(" ")
        return Request(method=method, path=path, headers=headers, body=body)


Behaviour = Callable[[Connection, Request], None]


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS) -> Behaviour:
    """A whole answer; the connection stays open."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return lambda connection, _: connection.send(head.encode() + body)


def send_and_close(data: bytes) -> Behaviour:
    """Any bytes, then the end: truncated bodies, garbage, answers without a length."""

    def behave(connection: Connection, _: Request) -> None:
        connection.send(data)
        connection.close()

    return behave


def close(connection: Connection, _: Request) -> None:
    connection.close()


def reset(connection: Connection, _: Request) -> None:
    connection.reset()


def stall(connection: Connection, _: Request) -> None:
    connection.wait_for_client()


def endless(head: bytes, piece: bytes) -> Behaviour:
    """``head``, and then ``piece`` again and again for as long as the client reads."""

    def behave(connection: Connection, _: Request) -> None:
        connection.send(head)
        while not connection.stopped.is_set():
            connection.send(piece)

    return behave


def drip(head: bytes, piece: bytes, every: float) -> Behaviour:
    """``head``, and then ``piece`` every so many seconds: no single wait is ever long."""

    def behave(connection: Connection, _: Request) -> None:
        connection.send(head)
        while not connection.stopped.wait(every):
            connection.send(piece)

    return behave


class Hostile:
    """A server on loopback: the n-th request meets the n-th behaviour, the last one for ever.

    ``on_accept`` takes the connection instead, before anything is read of it (and before TLS).
    """

    def __init__(
        self,
        *behaviours: Behaviour,
        on_accept: Callable[[Connection], None] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.protocols: list[str | None] = []  # what TLS agreed on (ALPN)
        self._behaviours = behaviours
        self._on_accept = on_accept
        self._tls = tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Hostile:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._start(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        # A client that has gone is what most of these tests are about.
        with suppress(OSError):
            connection = Connection(sock, self._stopped)
            self._open.append(connection)
            if self._on_accept:
                self._on_accept(connection)
                return
            if self._tls:
                connection.socket = self._tls.wrap_socket(sock, server_side=True)
                self.protocols.append(connection.socket.selected_alpn_protocol())
            while request := connection.read_request():
                self._behaviour_for(request)(connection, request)

    def _behaviour_for(self, request: Request) -> Behaviour:
        with self._lock:
            self.requests.append(request)
            return self._behaviours[min(len(self.requests), len(self._behaviours)) - 1]


def refused_url() -> str:
    """A URL on loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def unanswered_url() -> Iterator[str]:
    """A URL whose SYNs go unanswered: the queue of the listener is full and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """A server's context, the bundle that trusts it, which is the certificate itself, and its key."""

    context: ssl.SSLContext
    bundle: Path
    key: Path


def make_certificates(folder: Path, address: str = "127.0.0.1") -> Certificates:
    """A self-signed certificate for ``address``, which is its own bundle."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, key_file = folder / "certificate.pem", folder / "key.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, key_file)
    return Certificates(context=context, bundle=bundle, key=key_file)
