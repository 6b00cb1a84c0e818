"""How files look: small, named after real things, commented with reasons."""

import re
import subprocess

import pytest

from tests.house.sources import (
    EVERYTHING,
    ROOT,
    at,
    comments,
    functions,
    modules,
    relative,
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Names that say nothing, and so take in everything.
NAMES_REFUSED = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

BANNER = re.compile(r"^#\s*([-=#*~_─═]\s?){3,}|([-=#*~_─═]){3,}\s*$")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP)\b")

TEXT_SUFFIXES = {
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".js",
    ".md",
    ".mako",
    ".po",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yml",
}
# Homes and scratch places of somebody's machine. Not preceded by what makes it a piece of a longer path.
MACHINE_PATH = re.compile(r"(?<![\w./>}~-])/(home|Users|root|work|tmp)/\w|\b[A-Z]:\\\w")


def test_no_file_is_long():
    """A file of more than 400 lines holds more than one thing."""
    lengths = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*EVERYTHING)
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_long():
    """A function of more than 60 lines does more than one; a revision's list of columns is one."""
    long = [
        at(path, function, f"{function.name} has {lines} lines")
        for path in modules("billing", "invoices", "tests", "wsgi.py", "migrations/env.py")
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_name_of_a_file_says_what_is_in_it():
    """No `utils`, `helpers`, `common`, `base`, `manager`: neither files nor folders."""
    vague = {
        relative(path)
        for path in modules(*EVERYTHING)
        for part in path.relative_to(ROOT).with_suffix("").parts
        if part.lower() in NAMES_REFUSED
    }
    assert vague == set()


def test_comments_hold_no_banners_and_no_promises():
    """A comment says why; it is neither a ruler between sections nor a plan for later."""
    found = [
        f"{relative(path)}:{line}: {text}"
        for path in modules(*EVERYTHING)
        for line, text in comments(path)
        if BANNER.search(text) or PROMISE.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("# -------- Payments --------", True),
        ("#########", True),
        ("# === money ===", True),
        ("# TODO: round", True),
        ("# Not `==`: the treasury rounds commission to the tenge.", False),
        ("# 1010 - 1020 --- see the chart", False),
    ],
)
def test_the_rule_for_comments_knows_them_apart(text, refused):
    """The patterns above refuse rulers and promises, and let sentences with dashes pass."""
    assert bool(BANNER.search(text) or PROMISE.search(text)) is refused


def test_every_test_says_what_it_expects():
    """A test's docstring is one sentence about the product."""
    silent = [
        at(path, function, function.name)
        for path in modules("tests")
        for function in functions(path)
        if function.name.startswith("test_") and path.name.startswith("test_")
        if not (function.body and _is_text(function.body[0]))
    ]
    assert silent == []


def _is_text(statement: object) -> bool:
    value = getattr(getattr(statement, "value", None), "value", None)
    return isinstance(value, str) and len(value.strip()) > 5


def test_no_file_knows_somebody_machine():
    """A path of one developer's computer means nothing on the next."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.exists() and (path.suffix in TEXT_SUFFIXES or not path.suffix) and path.suffix != ".csv":
            text = path.read_text(encoding="utf-8")
            found += [f"{name}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert found == []
