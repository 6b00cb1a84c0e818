"""The chart of accounts as a list."""

import pytest
from sqlalchemy import select

from billing.kernel.cells import words_of
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.ledger import service as ledger
from billing.ledger.accounts_list import import_accounts
from billing.ledger.models import Account, AccountKind

CONTENT = (
    "Счет;Вид;Атауы;Наименование\n"
    "1030.01;Актив;Ағымдағы шот;Текущий счет\n"
    "7210;шығыс;Әкімшілік шығыстар;Административные расходы\n"
).encode("kz1048")


def test_accounts_are_opened_once_and_keep_their_names(session):
    """The standard chart has 7210 already; the same list again opens nothing."""
    book = ledger.open_budget_book(session)

    report = import_accounts(session, book.id, CONTENT)
    again = import_accounts(session, book.id, CONTENT)

    assert (report.added, report.unchanged, report.problems, report.written) == (2, 0, (), True)
    assert (again.added, again.unchanged) == (0, 2)
    account = session.scalars(select(Account).where(Account.code == "1030.01")).one()
    assert (account.kind, account.name_kk, account.name_ru, account.name_en) == (
        AccountKind.ASSET,
        "Ағымдағы шот",
        "Текущий счет",
        "Текущий счет",
    )


def test_an_open_account_does_not_change_sides(session):
    """A wrong side, a wrong code or an unknown word keeps the whole list out."""
    book = ledger.open_budget_book(session)
    import_accounts(session, book.id, CONTENT)
    content = "code,kind,name_kk,name_ru\n7210,income,Қ,Р\n12,asset,Қ,Р\n8110,what,Қ,Р\n6280,income,Қ,Р\n"

    report = import_accounts(session, book.id, content.encode())

    assert [(found.row, found.column, found.code) for found in report.problems] == [
        (2, "kind", "refusal.already_exists"),
        (3, "code", "refusal.invalid_account_code"),
        (4, "kind", "refusal.unknown_word"),
    ]
    assert (report.added, report.refused, report.written) == (1, 3, False)
    assert session.scalar(select(Account.id).where(Account.code == "6280")) is None


def test_a_list_for_no_book_is_refused(session):
    """Nothing is opened anywhere."""
    with pytest.raises(NotFound):
        import_accounts(session, new_id(), CONTENT)


def test_the_words_of_an_enumeration_are_its_names_in_three_languages():
    """Kazakh names are known without Kazakh letters too."""
    words = words_of(AccountKind)
    assert words["asset"] is words["актив"] is AccountKind.ASSET
    assert words["кирис"] is words["доход"] is words["income"] is AccountKind.INCOME
