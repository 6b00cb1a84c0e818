"""The application as it is served: by a process of its own that can be killed hard, or by a thread."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock, Thread

from flask import Flask
from werkzeug.serving import make_server

ROOT = Path(__file__).parents[2]
SERVE = "from billing.cli import main; main()"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """An application of this process on a free port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def clock_of(port: int) -> datetime:
    """What time it is where a server of this machine answers."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/healthz")
    told = connection.getresponse().headers["Date"]
    connection.close()
    return parsedate_to_datetime(told)


class MortalServer:
    """``auyl serve`` on one port, in a process that is killed with SIGKILL and started again."""

    def __init__(self, database_url: str, var: Path) -> None:
        """Choose a port that nobody listens on."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.deaths = 0
        self._environment = {
            **os.environ,
            "AUYL_DATABASE_URL": database_url,
            "AUYL_VAR": str(var),
            "AUYL_SECRET_KEY": "for tests only",
            "AUYL_PORT": str(self.port),
        }
        self._lock = Lock()
        self._start()

    @property
    def url(self) -> str:
        """Where it answers, when it lives."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def clock(self) -> datetime:
        """What time it is there."""
        return clock_of(self.port)

    def die_and_rise(self) -> None:
        """Kill it hard in the middle of whatever it does, and start it again."""
        with self._lock:
            self.kill()
            self.deaths += 1
            self._start()

    def kill(self) -> None:
        """Kill it hard."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "--language", "en", "serve"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()  # it listens already when it says so
        assert said.startswith("Serving at"), said
