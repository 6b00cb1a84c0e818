"""The rule of allocation: named invoices, then the oldest debt, to the tiyn and never beyond what is open."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.money import ZERO, Money, included_vat, total
from billing.receivables.allocation import AllocationReason, OpenLine, plan, vat_within

CUSTOMER, SERVICE = UUID(int=1), UUID(int=2)


def line(invoice: int, position: int = 1, *, opened: int = 10_000, vat: int = 0, due: int = 1) -> OpenLine:
    """An open line of an invoice, in tiyn, due on a day of March."""
    return OpenLine(
        invoice_line_id=UUID(int=1_000 * invoice + position),
        invoice_id=UUID(int=invoice),
        customer_id=CUSTOMER,
        service_id=SERVICE,
        revenue_code="206109",
        invoice_year=2026,
        invoice_number=invoice,
        position=position,
        issued_on=date(2026, 2, 1),
        due_on=date(2026, 3, due),
        open_amount=Money(opened),
        open_vat=Money(vat),
    )


@st.composite
def debts(draw):
    """Up to five invoices of one to four lines, all of an invoice due on one day, some with VAT."""
    lines = []
    for invoice in range(1, draw(st.integers(1, 5)) + 1):
        due = draw(st.integers(1, 28))
        for position in range(1, draw(st.integers(1, 4)) + 1):
            opened = draw(st.integers(1, 5_000_000))
            vat = included_vat(Money(opened), draw(st.sampled_from([0, 1200, 1600]))).tiyn
            lines.append(line(invoice, position, opened=opened, vat=vat, due=due))
    return lines


AMOUNTS = st.integers(1, 30_000_000).map(Money)


@given(lines=debts(), amount=AMOUNTS)
def test_parts_and_rest_make_the_sum(lines, amount):
    """Not a tiyn is lost or made, and each step's sum is that of its invoice's parts."""
    allocation = plan(lines, amount)

    assert total(part.amount for part in allocation.parts) + allocation.rest == amount
    for step in allocation.steps:
        of_invoice = [part for part in allocation.parts if part.line.invoice_id == step.invoice_id]
        assert total(part.amount for part in of_invoice) == step.allocated
        assert step.open_before == total(
            each.open_amount for each in lines if each.invoice_id == step.invoice_id
        )


@given(lines=debts(), amount=AMOUNTS)
def test_no_line_gets_more_than_is_open(lines, amount):
    """A part is at least a tiyn and at most what is open, and so is its VAT; each line comes once."""
    allocation = plan(lines, amount)

    for part in allocation.parts:
        assert ZERO < part.amount <= part.line.open_amount
        assert ZERO <= part.vat <= min(part.amount, part.line.open_vat)
        assert part.line.open_vat - part.vat <= part.line.open_amount - part.amount
    ids = [part.line.invoice_line_id for part in allocation.parts]
    assert len(ids) == len(set(ids))
    assert allocation.rest == ZERO or allocation.rest == amount - total(each.open_amount for each in lines)


@given(lines=debts(), amounts=st.lists(AMOUNTS, min_size=1, max_size=8))
def test_all_parts_of_a_line_carry_all_its_vat(lines, amounts):
    """However a debt is paid off in parts, the VAT of the parts is the line's, to the tiyn."""
    still_open = {each.invoice_line_id: each for each in lines}
    vat = dict.fromkeys(still_open, ZERO)
    for amount in [*amounts, total(each.open_amount for each in lines)]:
        allocation = plan([each for each in still_open.values() if each.open_amount > ZERO], amount)
        for part in allocation.parts:
            now = still_open[part.line.invoice_line_id]
            vat[now.invoice_line_id] += part.vat
            still_open[now.invoice_line_id] = _less(now, part.amount, part.vat)

    assert {each.invoice_line_id: each.open_vat for each in lines} == vat


def _less(now: OpenLine, amount: Money, vat: Money) -> OpenLine:
    return line(
        now.invoice_number,
        now.position,
        opened=(now.open_amount - amount).tiyn,
        vat=(now.open_vat - vat).tiyn,
        due=now.due_on.day,
    )


@given(lines=debts(), amount=AMOUNTS)
def test_the_oldest_debt_comes_first(lines, amount):
    """Due dates and numbers only rise, and no invoice is touched while an older one is open."""
    allocation = plan(lines, amount)

    order = [(step.due_on, step.invoice_number) for step in allocation.steps]
    assert order == sorted(order)
    assert all(step.allocated == step.open_before for step in allocation.steps[:-1])
    assert all(step.reason is AllocationReason.OLDEST_DEBT for step in allocation.steps)
    untouched = {(each.due_on, each.invoice_number) for each in lines} - set(order)
    assert all(order[-1] < each for each in untouched)


def test_named_invoices_come_before_older_ones():
    """A payer names the second invoice: it is settled first, the rest goes to the oldest."""
    lines = [line(1, due=1), line(2, due=20)]

    allocation = plan(lines, Money(12_000), named={UUID(int=2)})

    assert [(step.invoice_number, step.allocated, step.reason) for step in allocation.steps] == [
        (2, Money(10_000), AllocationReason.NAMED),
        (1, Money(2_000), AllocationReason.OLDEST_DEBT),
    ]


def test_a_part_is_split_over_the_lines_in_proportion():
    """100.00 for lines of 100.00, 200.00 and 0.01: largest remainder, the printed parts add up."""
    lines = [line(1, 1, opened=10_000), line(1, 2, opened=20_000), line(1, 3, opened=1)]

    allocation = plan(lines, Money(10_000))

    assert [(part.line.position, part.amount) for part in allocation.parts] == [
        (1, Money(3_333)),
        (2, Money(6_667)),
    ]
    assert allocation.rest == ZERO


def test_what_no_invoice_takes_is_left():
    """250.00 for a debt of 100.00: 150.00 stay an advance; without debt all of it does."""
    assert plan([line(1)], Money(25_000)).rest == Money(15_000)
    alone = plan([], Money(25_000))
    assert (alone.parts, alone.steps, alone.rest) == ([], [], Money(25_000))


@pytest.mark.parametrize(("amount", "vat"), [(11_600, 1_600), (5_800, 800), (1, 0), (4, 1), (11_599, 1_600)])
def test_the_vat_of_a_part(amount, vat):
    """116.00 with 16.00 of VAT: half carries half, a tiyn none, the last part all there is."""
    assert vat_within(line(1, opened=11_600, vat=1_600), Money(amount)) == Money(vat)


def test_a_step_is_stored_as_plain_values():
    """What is kept with the payment can be read years later without this program."""
    allocation = plan([line(7, opened=10_000)], Money(2_500))

    assert allocation.steps[0].stored() == {
        "invoice_id": str(UUID(int=7)),
        "invoice_year": 2026,
        "invoice_number": 7,
        "due_on": "2026-03-01",
        "open_before": "100.00",
        "allocated": "25.00",
        "reason": "oldest_debt",
        "lines": [{"invoice_line_id": str(UUID(int=7_001)), "amount": "25.00"}],
    }
