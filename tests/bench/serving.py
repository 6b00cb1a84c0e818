"""The application as it is served in production, by processes of its own."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from time import monotonic, sleep

from tests.support.databases import Database
from tests.support.scratch import scratch_directory
from tests.support.served import ROOT

STARTING_SECONDS_MAX = 60


@contextmanager
def production(database: Database, *, workers: int) -> Iterator[int]:
    """``granian`` on a free port, as the README says; its port, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    var = scratch_directory("var")
    options = f"--interface wsgi --workers {workers} --host 127.0.0.1 --port {port} --no-log"
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", *options.split(), "wsgi:app"],
        cwd=ROOT,
        env={
            **os.environ,
            "AUYL_DATABASE_URL": database.url,
            "AUYL_VAR": str(var),
            "AUYL_SECRET_KEY": "for benchmarks only",
        },
    )
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(var)


def _wait_for(port: int) -> None:
    deadline = monotonic() + STARTING_SECONDS_MAX
    while True:
        connection = HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            if monotonic() > deadline:
                raise
            sleep(0.1)
        finally:
            connection.close()
