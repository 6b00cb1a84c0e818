"""The benchmark's rows can be read by programs, and the books it makes are books."""

import json
from dataclasses import fields

import pytest

from tests.bench import scale, verifying
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


@pytest.mark.postgresql_only
def test_what_an_invoice_and_a_payment_take_can_be_counted(databases):
    """The command behind `docs/scale.md` runs, and finds the rows that everybody can count by hand."""
    found = scale.measure(databases, households=12)

    # Invoice, document, event, result and its invoice; for each of two lines period, receivable, transfer.
    # The series of numbers is one row for all twelve.
    assert found.invoice_rows == 13.1
    assert found.payment_rows > 10  # the first fee of a code opens its account besides
    assert found.stated_rows > found.payment_rows
    assert found.payment_pages_most > found.payment_rows
    assert min(found.invoice_wal_bytes, found.payment_wal_bytes, found.stated_wal_bytes) > 0
    assert found.paper_bytes > 10_000
