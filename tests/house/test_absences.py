"""What is never done, wherever it would be convenient."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import (
    EVERYTHING,
    PRODUCT,
    ROOT,
    at,
    calls,
    dotted,
    functions,
    imports,
    modules,
    nodes,
    relative,
    tree,
)

# Where a unit of work ends.
COMMITS = ("billing/kernel/db.py",)

# Where the outside comes in: only there does anybody ask what time it is.
EDGES = (
    "billing/web/",
    "billing/cli/",
    "billing/pages/",
    "billing/worker/",
    "billing/app.py",
    "billing/kernel/clock.py",
    "wsgi.py",
)

# Where the web's own words are spoken.
WEB = ("billing/web/", "billing/pages/", "billing/cli/", "billing/app.py", "wsgi.py")
WEB_LIBRARIES = re.compile(r"^(flask\w*|marshmallow|werkzeug|webargs|apispec|wtforms)\b")

CYRILLIC = re.compile(r"[\u0400-\u04ff]")


def lies_in(path: Path, places: tuple[str, ...]) -> bool:
    """Whether the file is one of these or below one of these."""
    return relative(path).startswith(places)


def test_only_the_edge_commits():
    """Returning commits, raising rolls back: no rule decides that by itself."""
    found = [
        at(path, call, name)
        for path in modules(*EVERYTHING)
        if not lies_in(path, COMMITS)
        for call, name in calls(path)
        if name.endswith(".commit")
    ]
    assert found == []


def test_no_float_comes_near_money():
    """The application neither converts to float, nor declares one, nor writes one down."""
    found = [at(path, node, what) for path in modules("billing") for node, what in _floats(path)]
    found += [
        at(path, call, name) for path in modules("invoices") for call, name in calls(path) if name == "float"
    ]
    assert found == []


def _floats(path: Path) -> list[tuple[ast.AST, str]]:
    # Asking whether a spreadsheet's cell came as a float is the way to refuse or to read it.
    asked = {
        id(argument)
        for call, name in calls(path)
        if name == "isinstance"
        for argument in ast.walk(call.args[-1])
    }
    return [
        (node, "float")
        for node in nodes(path)
        if (isinstance(node, ast.Name) and node.id == "float" and id(node) not in asked)
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]


def is_edge(path):
    """Whether the outside comes in here: a page, a command, or a slice's own API."""
    return lies_in(path, EDGES) or path.name == "api.py" or path.name.endswith("_api.py")


def test_rules_have_no_clock():
    """Dates are arguments; only an edge asks for today's."""
    found = [
        at(path, call, name)
        for path in modules(*EVERYTHING)
        if not is_edge(path)
        for call, name in calls(path)
        # The database's own clock stamps when a row was recorded; no rule reads that.
        if re.search(r"(^|\.)(now|today|utcnow|utcfromtimestamp)$|^time\.(time|localtime)$", name)
        and not name.startswith(("func.", "sa.func."))
    ]
    found += [
        at(path, statement, name)
        for path in modules(*PRODUCT)
        if not is_edge(path)
        for statement, name in imports(path)
        if name.startswith("billing.kernel.clock") and not name.endswith((".ALMATY", ".UTC"))
    ]
    assert found == []


def test_rules_know_nothing_of_the_web():
    """Kernel, models and services import neither Flask nor marshmallow; an edge may."""
    found = [
        at(path, statement, name)
        for path in modules(*PRODUCT)
        if path.name in {"models.py", "service.py"} or not (lies_in(path, WEB) or is_edge(path))
        for statement, name in imports(path)
        if WEB_LIBRARIES.match(name)
    ]
    assert found == []


def test_rules_load_without_the_web():
    """Importing all tables, services and documents loads no web framework, not even by a detour."""
    names = [
        relative(path).removesuffix(".py").replace("/", ".")
        for path in modules("billing", "invoices")
        if path.name in {"models.py", "service.py"} or (lies_in(path, ("invoices/",)) and path.stem[0] != "_")
    ]
    assert "billing.ledger.models" in names
    assert loaded_by(*names, "billing.kernel.migrations") & {"flask", "marshmallow"} == set()


def test_money_loads_almost_nothing():
    """`billing/__init__.py` stays empty, so a script that only counts money starts at once."""
    assert (ROOT / "billing" / "__init__.py").read_text(encoding="utf-8").strip() == ""
    assert loaded_by("billing.kernel.money") & {"flask", "marshmallow", "sqlalchemy"} == set()


def loaded_by(*names: str) -> set[str]:
    """Every module that a fresh interpreter has loaded after importing these."""
    script = f"import sys, {', '.join(names)}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_nothing_happens_by_signal():
    """What follows from what can be read: no blinker, and listeners of the ORM only in the kernel."""
    found = [
        at(path, statement, name)
        for path in modules("billing", "wsgi.py")
        for statement, name in imports(path)
        if "blinker" in name or "signals" in name
    ]
    found += [
        at(path, call, name)
        for path in modules("billing", "wsgi.py")
        if not lies_in(path, ("billing/kernel/",))
        for call, name in calls(path)
        if name in {"event.listen", "event.listens_for", "listens_for"}
    ]
    assert found == []


def test_rules_hold_no_text_for_people():
    """What people read stands in the catalogues, in three languages; a rule knows codes."""
    found = [
        at(path, node, node.value)
        for path in modules("billing")
        if path.name in {"api.py", "models.py", "refusals.py", "service.py"}
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CYRILLIC.search(node.value)
        if id(node) not in _docstrings(path)
    ]
    assert found == []


def _docstrings(path: Path) -> set[int]:
    return {
        id(node.body[0].value)
        for node in (tree(path), *nodes(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }


def test_nobody_imports_the_server_entry():
    """`wsgi.py` is the top of the house."""
    found = [
        at(path, statement, name)
        for path in modules(*PRODUCT, "migrations")
        for statement, name in imports(path)
        if name.split(".")[0] in {"wsgi", "tests"}
    ]
    assert found == []


def test_tests_neither_sleep_nor_skip_nor_pretend():
    """No waiting, no skipped or expectedly failing test, no mock library."""
    names = {"time.sleep", "sleep", "pytest.skip", "pytest.xfail", "pytest.importorskip"}
    found = [at(path, call, name) for path in modules("tests") for call, name in calls(path) if name in names]
    found += [
        at(path, decorator, dotted(decorator))
        for path in modules("tests")
        for function in functions(path)
        for decorator in function.decorator_list
        if re.search(r"\bmark\.(skip|skipif|xfail)\b", ast.unparse(decorator))
    ]
    found += [
        at(path, statement, name)
        for path in modules("tests")
        for statement, name in imports(path)
        if name.startswith(("unittest.mock", "mock."))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("rate = 1.5", 1),
        ("def f(x: float) -> int: ...", 1),
        ("x = float('1')", 1),
        ("isinstance(x, float)", 0),
        ("isinstance(x, int | float)", 0),
        ("x = 15", 0),
    ],
)
def test_the_rule_for_floats_sees_them(tmp_path, source, count):
    """Conversions, declarations and literals are found; asking a cell's type is not one of them."""
    path = tmp_path / f"case_{count}.py"
    path.write_text(source)
    assert len(_floats(path)) == count
