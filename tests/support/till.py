"""A till that dies: a program that bills and collects until it is killed hard in the middle of its work.

``python -m tests.support.till URL DOCUMENTS STATEMENT…`` works once for each number given, and each time
kills itself with SIGKILL before the statement, or the commit, of that number.
"""

import sys
from collections.abc import Iterable
from itertools import cycle
from random import Random

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.customers.models import Contract
from billing.invoicing.models import Invoice
from billing.kernel.dates import Month
from billing.kernel.db import Sessions
from billing.kernel.errors import Refusal
from billing.payments.models import Payment, PaymentMethod
from tests.support.billing import credit, make_invoice, pay, refund, reverse
from tests.support.districts import DISTRICT_ID
from tests.support.dying import die_at, live_and_die, sessions_of

FIRST_YEAR = 2021


def next_month(session: Session, contract: Contract) -> Month:
    """The first month of a contract that no invoice was written for."""
    written = select(func.count()).select_from(Invoice).where(Invoice.contract_id == contract.id)
    years, months = divmod(session.scalar(written) or 0, 12)
    return Month(FIRST_YEAR + years, months + 1)


def do_something(session: Session, number: int, random: Random) -> None:
    """One deed of the till; which one depends on the number alone, so that every kind comes."""
    contract = random.choice(session.scalars(select(Contract).order_by(Contract.id)).all())
    invoices = session.scalars(select(Invoice).order_by(Invoice.number)).all()
    payments = session.scalars(select(Payment).order_by(Payment.id)).all()
    deed = number % 6
    if deed == 0 or not invoices:
        make_invoice(session, contract, next_month(session, contract))
    elif deed in {1, 2} or not payments:
        method = PaymentMethod.CASH if deed == 1 else PaymentMethod.BANK
        pay(session, contract.enterprise_id, contract.customer_id, random.randint(1, 3000), method=method)
    elif deed == 3:
        credit(session, random.choice(invoices))
    elif deed == 4:
        refund(session, random.choice(payments), random.randint(1, 500))
    else:
        reverse(session, random.choice(payments))


def work(sessions: Sessions, numbers: Iterable[int], random: Random) -> None:
    """Do one deed after the other, each in its own unit of work; refused ones are left."""
    for number in numbers:
        try:
            with sessions.begin(DISTRICT_ID) as session:
                do_something(session, number, random)
        except Refusal:
            continue


def work_until_killed(sessions: Sessions, statement: int) -> None:
    """Work on and on; never comes back."""
    die_at(sessions, statement)
    work(sessions, cycle(range(statement, statement + 6)), Random(statement))


def main(url: str, documents: str, *statements: str) -> None:
    """Work and die once per number; a life that ends otherwise is an error."""
    sessions = sessions_of(url, documents)
    work(sessions, range(6), Random(0))
    for statement in map(int, statements):
        live_and_die(lambda: work_until_killed(sessions, statement))  # noqa: B023 - called at once


if __name__ == "__main__":
    main(*sys.argv[1:])
