"""The proof of a bank account for people: from the books' balance, item by item, to the bank's."""

from billing.kernel.dates import FOREVER
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.reconciliation.proof import Proof, ProofLine

COLUMNS = (
    Column("proof_line", width=34),
    Column("day", Kind.DATE, width=12),
    Column("iban", width=22),
    Column("what", width=60),
    Column("amount", Kind.MONEY, width=18),
)


def proof_table(proof: Proof) -> ReportTable:
    """A proof as a table, as of now or at the end of a day."""
    rows = [
        Row(
            {"proof_line": ProofLine.BOOK_BALANCE, "what": proof.code, "amount": proof.book_balance},
            is_sum=True,
        ),
        *(
            Row(
                {
                    "proof_line": item.line,
                    "day": item.day,
                    "iban": item.iban,
                    "what": item.what,
                    "amount": item.amount,
                }
            )
            for item in proof.items
        ),
        *(
            Row(
                {
                    "proof_line": ProofLine.STATED_BALANCE,
                    "day": balance.last_day,
                    "iban": balance.account.iban,
                    "amount": balance.closing if balance.last_day else None,
                },
                is_sum=True,
            )
            for balance in proof.balances
        ),
        Row({"proof_line": ProofLine.DIFFERENCE, "amount": proof.difference}, is_sum=True),
    ]
    if proof.day == FOREVER:
        return ReportTable("bank_proof", {"account": proof.code}, COLUMNS, rows)
    return ReportTable("bank_proof_on", {"account": proof.code, "day": proof.day}, COLUMNS, rows)
