"""Where documents lie: a directory of files, each under the hash of its bytes.

This module knows no database, so that a process which only prints loads none.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

WRITERS_MAX = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: the hash of the bytes, which is their key in the store, and how many they are."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DocumentStore:
    """A directory of documents, each under the hash of its bytes: ``ab/cdef…`` for ``abcdef…``.

    Attributes:
        directory: made when the first document comes.
    """

    directory: Path

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash lie."""
        return self.directory / sha256[:2] / sha256[2:]

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; they survive a power cut from here on."""
        [kept] = self.put_all([content])
        return kept.sha256

    def put_all(self, contents: Iterable[bytes]) -> list[Kept]:
        """Keep some dozens of contents, all open at once; they survive a power cut from here on.

        Each is written beside its place and renamed into it, so nobody ever reads half a document. All are
        written before the first is waited for, and several are waited for at once, because the disk's
        acknowledgements take longer than anything else and may share one turn of it.
        """
        kept: list[Kept] = []
        new: dict[str, bytes] = {}
        directories = {self.directory}
        for content in contents:
            sha256 = hashlib.sha256(content).hexdigest()
            kept.append(Kept(sha256, len(content)))
            directories.add(self.path_of(sha256).parent)
            if sha256 not in new and self.get(sha256) != content:
                new[sha256] = content
        if not kept:
            return []
        with ThreadPoolExecutor(WRITERS_MAX) as writers:
            over = writers.map if len(new) > 1 else map
            self._write(new, over)
            # Of what lay here already too: whoever put it there may not have come as far as this.
            _all(over(_sync_directory, directories))
        return kept

    def print_all(self, render: Callable[[Any], bytes], documents: Iterable[object]) -> list[Kept]:
        """Render some dozens of documents and keep them: what every process of a press does."""
        return self.put_all(map(render, documents))

    def _write(self, new: dict[str, bytes], over: Callable[..., Iterable[None]]) -> None:
        incoming: list[_Incoming] = []
        try:
            for sha256, content in new.items():
                each = _Incoming.to(self.path_of(sha256))
                incoming.append(each)
                each.stream.write(content)
                each.stream.flush()
            _all(over(_Incoming.settle, incoming))
        finally:
            for each in incoming:
                each.discard()

    def get(self, sha256: str) -> bytes | None:
        """The bytes under this hash as they lie there now; None where there are none."""
        try:
            return self.path_of(sha256).read_bytes()
        except FileNotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A file that is being written beside its place."""

    path: Path
    beside: Path
    stream: BufferedIOBase

    @classmethod
    def to(cls, path: Path) -> "_Incoming":
        """Begin a file that is to lie there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
        return cls(path, Path(beside), os.fdopen(descriptor, "wb"))

    def settle(self) -> None:
        """Wait for the disk, then take the place."""
        os.fsync(self.stream.fileno())
        self.stream.close()
        self.beside.replace(self.path)

    def discard(self) -> None:
        """Leave nothing of what did not take its place."""
        self.stream.close()
        self.beside.unlink(missing_ok=True)


def _all(done: Iterable[None]) -> None:
    """Come to the end of them; whatever failed is raised."""
    for _ in done:
        continue


def _sync_directory(directory: Path) -> None:
    # A rename is only durable once its directory is written too; Windows has no such call and needs none.
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
