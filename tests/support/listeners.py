"""What listens outside of the program: a webhook's address and a mail server, both on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import Any


@dataclass
class Heard:
    """What a listener heard.

    Attributes:
        statuses: what it answers with, one after the other; 200 when there are none left.
    """

    url: str
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies of the requests."""
        return [json.loads(body) for _, body in self.requests]


@contextmanager
def listening_webhook() -> Iterator[Heard]:
    """A program that is told of events."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.requests.append((dict(self.headers), body))
            self.send_response(heard.statuses.pop(0) if heard.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server, _served(server):
        heard = Heard(f"http://127.0.0.1:{server.server_port}/auyl?v=1")
        yield heard


@contextmanager
def listening_mail() -> Iterator[Heard]:
    """A mail server that takes every letter."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                command = line[:4].upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    heard.letters.append(b"".join(lines).decode())
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

    with TCPServer(("127.0.0.1", 0), Handler) as server, _served(server):
        heard = Heard(f"smtp://127.0.0.1:{server.server_address[1]}")
        yield heard


@contextmanager
def _served(server: TCPServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
