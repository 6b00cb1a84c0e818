"""Goes through a large XML file record by record, so that neither its size nor its depth fills the memory.

Document types, and with them entities that multiply or fetch files, are refused by ``defusedxml``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

PIECE = 64_000
DEPTH_MAX = 60
NODES_MAX = 200_000  # within one record: a batch of some thousand payments

_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")


class Broken(Exception):
    """Not well-formed, or not as a statement is.

    Attributes:
        line: where.
        at_end: whether the file simply ends too early.
    """

    def __init__(self, line: int, *, at_end: bool = False) -> None:
        super().__init__(line)
        self.line = line
        self.at_end = at_end


class Node:
    """An element of a record with everything in it, by names without their namespace."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.children: list[Node] = []

    def all(self, path: str) -> Iterator["Node"]:
        """Every element at ``NtryDtls/TxDtls``, in the file's order."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def find(self, *paths: str) -> "Node | None":
        """The first element at any of these paths, tried in turn."""
        return next((node for path in paths for node in self.all(path)), None)

    def value(self, *paths: str) -> str:
        """The first text at any of these paths that is not empty; the empty text where there is none."""
        return next((node.text for path in paths for node in self.all(path) if node.text), "")


class _Target:
    """Collects records, and forgets everything else."""

    def __init__(
        self, records: frozenset[str], opened: Callable[[str, int], None], taken: Callable[[Node], None]
    ):
        self._records = records
        self._opened = opened
        self._taken = taken
        self._open: list[Node] = []
        self._texts: list[str] = []
        self._depth = 0
        self._nodes = 0
        self.line: Callable[[], int] = lambda: 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        name = tag.rpartition("}")[2]
        if self._depth > DEPTH_MAX:
            raise Broken(self.line())
        if self._open or name in self._records:
            self._nodes += 1
            if self._nodes > NODES_MAX:
                raise Broken(self.line())
            node = Node(name, dict(attributes), self.line())
            if self._open:
                self._open[-1].children.append(node)
            self._open.append(node)
            self._texts.clear()
        else:
            self._opened(name, self.line())

    def data(self, text: str) -> None:
        if self._open:
            self._texts.append(text)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has matched the names already
        self._depth -= 1
        if not self._open:
            return
        node = self._open.pop()
        if not node.children:
            node.text = "".join(self._texts).strip()
        self._texts.clear()
        if not self._open:
            self._nodes = 0
            self._taken(node)

    def close(self) -> None:
        pass


def walk(
    stream: TextIO, records: frozenset[str], opened: Callable[[str, int], None], taken: Callable[[Node], None]
) -> None:
    """Hand over every record as it ends, and the name and line of every element outside of records.

    The stream is text already: an encoding that the file declares is left out of account.

    Raises:
        Broken: not well-formed, hostile, too deep, or cut off.
    """
    target = _Target(records, opened, taken)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    target.line = lambda: int(parser.parser.CurrentLineNumber)
    piece = stream.read(PIECE).lstrip("\ufeff \t\r\n")
    piece = _DECLARATION.sub("", piece, count=1)
    try:
        while piece:
            parser.feed(piece)
            piece = stream.read(PIECE)
    except (ParseError, DefusedXmlException, ValueError):
        raise Broken(target.line()) from None
    try:
        parser.close()
    except (ParseError, DefusedXmlException, ValueError):
        raise Broken(target.line(), at_end=True) from None
