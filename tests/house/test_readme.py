"""What the README promises a newcomer: its addresses, commands and settings exist."""

import re

import pytest

from billing.cli import main
from tests.house.sources import ROOT, modules

README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = re.compile(r"\b(get|post) [\"']?([a-z][\w/$-]*)|\$A/([\w/-]+)")
ID = "0195d3a0-0000-7000-8000-000000000000"
VARIABLE = re.compile(r"\bAUYL_[A-Z_]+\b")


@pytest.mark.sqlite_only
def test_every_address_of_the_tour_is_served(app):
    """A newcomer who types the tour meets no address that is not there, and no method it does not take."""
    routes = app.url_map.bind("127.0.0.1")
    [tour] = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    named = [(verb.upper() or "POST", path or other) for verb, path, other in TOUR.findall(tour)]

    assert len(named) >= 12
    for method, path in named:
        address = f"/api/v1/{re.sub(r'[$][A-Z]+', ID, path)}"
        assert routes.test(address, method), (method, address)


def test_every_command_of_the_readme_can_be_typed():
    """`auyl import customers` and all the others are there."""
    typed = re.findall(
        r"(?:^|[`/ ])auyl ([a-z]+(?:-[a-z]+)?)(?: ([a-z]+(?:-[a-z]+)*))?", README, re.MULTILINE
    )

    assert {("import", "customers"), ("report", "revenue"), ("verify", "")} <= set(typed)
    for command, inner in typed:
        found = main.commands[command]
        assert not inner or inner in getattr(found, "commands", {inner: None}), (command, inner)


def test_the_table_of_settings_is_whole():
    """Every variable that the program reads stands in the table, and nothing else."""
    read = {
        name
        for path in modules("billing")
        for name in re.findall(r"[\"'](AUYL_[A-Z_]+)[\"']", path.read_text(encoding="utf-8"))
    }
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    in_table = {
        name for line in table.splitlines() if line.startswith("|") for name in VARIABLE.findall(line)
    }

    assert in_table == read
