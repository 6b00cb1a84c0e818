"""The benchmark's rows can be read by programs, and the books it makes are books."""

import json
from dataclasses import fields

import pytest

from tests.bench import verifying
from tests.bench.measuring import Measurement, at_least, show, unmeasured


@pytest.mark.postgresql_only
def test_every_row_is_a_line_for_programs(databases, capsys):
    """A measured row, one that misses its goal and one that cannot be measured are a line of JSON each.

    The measured one verifies copied households: a difference among them would fail it.
    """
    show(
        [
            *verifying.measure(databases, months=2, households=3, rounds=1),
            at_least("slow work", 1, 4, 0.5, unit="/s"),
            unmeasured("beside a peer", "it is not installed", ">= 500 x"),
        ]
    )

    table, *lines = capsys.readouterr().out.split("\n{")
    verified, slow, left_out = [json.loads("{" + line) for line in lines]
    assert all(row.keys() == {field.name for field in fields(Measurement)} for row in (verified, slow))
    assert verified["work"].startswith("verify, 30 transfers") and verified["goal"] == "<= 5 x"
    assert (slow["ours"], slow["other"], slow["ratio"], slow["reached"]) == ("1 /s", "4 /s", 0.25, False)
    assert (left_out["ratio"], left_out["reached"]) == (None, None)
    assert "beside a peer" in table
