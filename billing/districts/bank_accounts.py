"""Bank accounts of an enterprise and of its budget; one is printed on invoices."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind, Enterprise
from billing.districts.refusals import NoPrimaryAccount
from billing.kernel.checks import at_field, line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists
from billing.kernel.identifiers import check_bic, check_iban, check_kbe
from billing.kernel.rows import get_row


def add_bank_account(
    session: Session,
    enterprise_id: UUID,
    *,
    iban: str,
    bic: str,
    bank_name_kk: str,
    bank_name_ru: str,
    kbe: str,
    kind: BankAccountKind = BankAccountKind.BANK,
    is_primary: bool = False,
) -> BankAccount:
    """Add an account of the enterprise or of the budget.

    Args:
        kbe: the beneficiary's code: 16 of a communal enterprise, 12 of an akim's office, 11 of the budget.
        is_primary: print this one on invoices; the account that was printed until now no longer is.

    Raises:
        NotFound: no such enterprise.
        InvalidIBAN, InvalidBIC, InvalidKBe, InvalidText: a value of the wrong form.
        AlreadyExists: the district has an account with this IBAN.
    """
    get_row(session, Enterprise, enterprise_id, kind="enterprise", lock=True)
    with at_field("iban"):
        iban = check_iban(iban)
    with at_field("bic"):
        bic = check_bic(bic)
    with at_field("kbe"):
        kbe = check_kbe(kbe)
    if session.scalar(select(BankAccount.id).where(BankAccount.iban == iban)) is not None:
        raise AlreadyExists(kind="bank_account", field="iban", value=iban)
    account = BankAccount(
        district_id=district_of(session),
        enterprise_id=enterprise_id,
        kind=kind,
        iban=iban,
        bic=bic,
        bank_name_kk=line(bank_name_kk, field="bank_name_kk", length_max=200),
        bank_name_ru=line(bank_name_ru, field="bank_name_ru", length_max=200),
        kbe=kbe,
    )
    session.add(account)
    session.flush()
    return make_primary(session, account.id) if is_primary else account


def make_primary(session: Session, account_id: UUID) -> BankAccount:
    """Print this account on the invoices to come, in place of the one printed until now.

    Raises:
        NotFound: no such account.
    """
    account = get_row(session, BankAccount, account_id, kind="bank_account")
    get_row(session, Enterprise, account.enterprise_id, kind="enterprise", lock=True)
    for former in list_bank_accounts(session, account.enterprise_id):
        former.is_primary = False
    # The index of primary accounts is checked row by row, so the former one leaves it first.
    session.flush()
    account.is_primary = True
    session.flush()
    return account


def list_bank_accounts(session: Session, enterprise_id: UUID) -> list[BankAccount]:
    """An enterprise's accounts, in the order they were added."""
    statement = select(BankAccount).where(BankAccount.enterprise_id == enterprise_id)
    return list(session.scalars(statement.order_by(BankAccount.id)))


def primary_account(session: Session, enterprise_id: UUID) -> BankAccount:
    """The account that is printed on the enterprise's invoices.

    Raises:
        NoPrimaryAccount: nobody said which.
    """
    account = session.scalar(
        select(BankAccount).where(BankAccount.enterprise_id == enterprise_id, BankAccount.is_primary)
    )
    if account is None:
        raise NoPrimaryAccount(enterprise_id=enterprise_id)
    return account
