"""Invoices rendered and kept by two processes, beside zlib of the same pages and files of the same bytes."""

import io
import multiprocessing
import os
import pickle
import shutil
import zlib
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path

from pypdf import PdfReader

from billing.archive.press import SHEAF, Press
from billing.archive.store import DocumentStore
from invoices import invoice
from invoices.paper import PACKING
from invoices.values import InvoiceDocument
from tests.bench.measuring import Measurement, at_least, in_turns
from tests.bench.papers import documents
from tests.support.scratch import scratch_directory

PROCESSES = 2


def measure(*, archived: int) -> list[Measurement]:
    """Both with processes that run already, each round into a directory of its own on a disk."""
    many = documents(archived)
    place = scratch_directory("archive", on_disk=True)
    contents = place / "contents"
    contents.write_bytes(pickle.dumps([_content(each) for each in many]))
    directories = (place / str(number) for number in count())
    context = multiprocessing.get_context("forkserver")
    try:
        with (
            Press(PROCESSES) as press,
            ProcessPoolExecutor(
                PROCESSES, mp_context=context, initializer=_load, initargs=(contents,)
            ) as writers,
        ):

            def ours() -> None:
                with press.printing(DocumentStore(next(directories)), invoice.render, many) as work:
                    assert len(work.kept()) == archived

            def theirs() -> None:
                directory = next(directories)
                directory.mkdir()
                sheaves = [(directory, start) for start in range(0, archived, SHEAF)]
                assert sum(writers.map(_write, sheaves)) == archived

            seconds, other_seconds = in_turns(ours, theirs, rounds=3)
    finally:
        shutil.rmtree(place)
    return [
        at_least(
            f"{archived:,} invoices archived, {PROCESSES} processes / zlib of the same pages, the same files",
            archived / seconds,
            archived / other_seconds,
            0.35,
            unit="/s",
        )
    ]


def _content(document: InvoiceDocument) -> tuple[bytes, bytes]:
    """What is packed of a document, and its whole."""
    whole = invoice.render(document)
    pages = PdfReader(io.BytesIO(whole)).pages
    return b"".join(page.get_contents().get_data() for page in pages), whole


_contents: list[tuple[bytes, bytes]] = []  # in a writer's process


def _load(path: Path) -> None:
    _contents.extend(pickle.loads(path.read_bytes()))


def _write(sheaf: tuple[Path, int]) -> int:
    """Pack pages and write files, each of which is on the disk when it is left, as ours are."""
    directory, start = sheaf
    mine = _contents[start : start + SHEAF]
    for place, (page, whole) in enumerate(mine, start):
        zlib.compress(page, PACKING)
        with (directory / str(place)).open("wb") as stream:
            stream.write(whole)
            stream.flush()
            os.fsync(stream.fileno())
    return len(mine)
