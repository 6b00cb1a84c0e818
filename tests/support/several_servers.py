"""Web processes and a worker on one database, as a region runs them, and what stands before them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import EnvironHeaders
from werkzeug.test import Client

ROOT = Path(__file__).parents[2]
END_SECONDS_MAX = 30
HOP_BY_HOP = {"connection", "transfer-encoding"}  # of one connection, not of the answer


class Balancer:
    """What stands before several servers: each request goes to the next of them.

    It takes the place of the application in ``Office`` and ``Reader``.

    Attributes:
        answered: how many requests each server has answered, by its port.
    """

    def __init__(self, ports: Iterable[int]) -> None:
        self.answered = dict.fromkeys(ports, 0)
        self._next = cycle(self.answered)

    def test_client(self, *, use_cookies: bool = True) -> Client:
        """A client of all of them."""
        return Client(self, use_cookies=use_cookies)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Hand a request on, and its answer back."""
        port = next(self._next)
        connection = HTTPConnection("127.0.0.1", port)
        # WSGI hands both over byte for byte; on the wire they are ASCII.
        path = quote(environ["PATH_INFO"].encode("latin-1"))
        query = quote(environ["QUERY_STRING"].encode("latin-1"), safe="=&%+")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        connection.request(environ["REQUEST_METHOD"], f"{path}?{query}", body, dict(EnvironHeaders(environ)))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.answered[port] += 1
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason}", headers)
        return [content]


@contextmanager
def several_servers(database_url: str, scratch: Path, *, count: int = 2) -> Iterator[Balancer]:
    """That many web processes of the production server, and one worker beside them.

    They share the database, the queue and the documents, as the README asks, and nothing else.
    """
    shared = {
        **os.environ,
        "AUYL_DATABASE_URL": database_url,
        "AUYL_QUEUE_URL": f"sqlite:///{scratch / 'queue.db'}",
        "AUYL_DOCUMENTS": str(scratch / "documents"),
        "AUYL_SECRET_KEY": "for tests only",
        "PYTHONUNBUFFERED": "1",
    }
    ports = [_free_port() for _ in range(count)]
    with ExitStack() as stack:
        started = []
        for port in ports:
            command = ["-m", "granian", "--interface", "wsgi", "--port", str(port), "wsgi:app"]
            environment = shared | {"AUYL_VAR": str(scratch / str(port))}
            started.append((stack.enter_context(_process(command, environment)), "Started worker"))
        command = ["-c", "from billing.cli import main; main()", "--language", "en", "worker"]
        environment = shared | {"AUYL_VAR": str(scratch / "worker")}
        started.append((stack.enter_context(_process(command, environment)), "Working"))
        for process, words in started:
            _wait_until_it_says(process, words)
        yield Balancer(ports)


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process of Python, with whatever it starts itself, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # granian's worker is a process of its own, and must not be left behind
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=END_SECONDS_MAX)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _wait_until_it_says(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
