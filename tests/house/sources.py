"""The project's own files, read once."""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("billing", "invoices")
EVERYTHING = ("billing", "invoices", "migrations", "tests", "wsgi.py")


@cache
def modules(*places: str) -> tuple[Path, ...]:
    """All Python files under these folders (or these files)."""
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
    return tuple(found)


def relative(path: Path) -> str:
    """A file's name as people say it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in the file."""
    return tuple(ast.walk(tree(path)))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The file's functions and methods."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted name of what is called: ``session.commit``, ``date.today``."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for a name or an attribute of one; what stands before is left out where it has no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported module, with the name taken from it: ``billing.kernel.clock``, ``flask.Flask``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


@cache
def comments(path: Path) -> tuple[tuple[int, str], ...]:
    """Line and text of every comment."""
    readline = io.StringIO(path.read_text(encoding="utf-8")).readline
    return tuple(
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(readline)
        if token.type == tokenize.COMMENT
    )


def at(path: Path, node: ast.AST, what: str) -> str:
    """One finding, the way an editor can open it."""
    return f"{relative(path)}:{getattr(node, 'lineno', 1)}: {what}"
