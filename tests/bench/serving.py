"""The application as it is served in production, by processes of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from tests.support.databases import Database
from tests.support.scratch import scratch_directory
from tests.support.served import ROOT, clock_of


@contextmanager
def production(database: Database, *, workers: int) -> Iterator[int]:
    """``granian`` on a free port, as the README says; its port, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    var = scratch_directory("var")
    options = f"--interface wsgi --workers {workers} --host 127.0.0.1 --port {port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", *options.split(), "wsgi:app"],
        cwd=ROOT,
        env={
            **os.environ,
            "AUYL_DATABASE_URL": database.url,
            "AUYL_VAR": str(var),
            "AUYL_SECRET_KEY": "for benchmarks only",
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        started = (line for line in server.stdout if "Started worker" in line)
        assert len(list(islice(started, workers))) == workers
        clock_of(port)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # nobody has to be told: all of it is thrown away
        server.communicate()
        shutil.rmtree(var)
