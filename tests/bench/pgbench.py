"""pgbench, which runs statements as fast as a client can: each is prepared once, as our driver does."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg.adapt import Transformer
from psycopg.pq import Format
from psycopg.sql import Literal
from sqlalchemy import URL

from billing.kernel.arrays import Array
from tests.support.postgres import find_binaries

_PLACE = re.compile(r"%(?:\((?P<name>\w+)\))?s")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")


def script(transactions: Sequence[Sequence[tuple[str, Any, bool]]]) -> str:
    """The same transactions with the same values; what they prepare comes first."""
    prepared: dict[str, str] = {}
    lines = []
    for statements in transactions:
        lines.append("BEGIN;")
        lines += [_executed(statement, parameters, prepared) for statement, parameters, _ in statements]
        lines.append("COMMIT;")
    return "\n".join([*(f"PREPARE {name} AS {text};" for text, name in prepared.items()), *lines])


def seconds(database: URL, scripts: Sequence[str]) -> float:
    """How long the clients take, each with its own script."""
    url = database.set(drivername="postgresql").render_as_string(hide_password=False)
    with TemporaryDirectory() as directory:
        clients = []
        for place, text in enumerate(scripts):
            path = Path(directory) / f"{place}.sql"
            path.write_text(text, encoding="utf-8")
            command = [find_binaries() / "pgbench", "--no-vacuum", "--transactions=1", f"--file={path}", url]
            clients.append(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
        return max(_latency(client) for client in clients)


def _latency(client: subprocess.Popen[str]) -> float:
    said, complained = client.communicate()
    found = _LATENCY.search(said)
    # A statement that the database refuses ends the client, and its figure would be of less work.
    assert client.returncode == 0 and found is not None and "failed" not in complained, said + complained
    return float(found[1]) / 1_000


def _executed(statement: str, parameters: Any, prepared: dict[str, str]) -> str:
    values: list[Any] = []

    def place(match: re.Match[str]) -> str:
        values.append(parameters[match["name"]] if match["name"] else parameters[len(values)])
        return f"${len(values)}"

    text = " ".join(_PLACE.sub(place, statement).split())
    if text.startswith(("SAVEPOINT", "RELEASE")):
        return f"{text};"
    name = prepared.setdefault(text, f"statement_{len(prepared)}")
    return f"EXECUTE {name} ({', '.join(map(_literal, values))});"


def _literal(value: Any) -> str:
    if isinstance(value, Array):  # in the driver's binary format, which a script cannot hold
        value = Transformer().get_loader(value.oid, Format.BINARY).load(value.content)
    return Literal(value).as_string()
