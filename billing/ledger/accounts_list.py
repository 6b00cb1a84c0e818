"""Takes in further accounts of an enterprise's chart from a list: code, side and names."""

import re
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.cells import RowReader, read_word, words_of
from billing.kernel.checks import line
from billing.kernel.errors import AlreadyExists, InvalidInput
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.spreadsheets import SHOWN_MAX, Column, read_list
from billing.ledger import service as ledger
from billing.ledger.chart import AccountRow
from billing.ledger.models import Account, AccountKind

COLUMNS = (
    Column("code", ("Счет", "Счёт", "Код", "Код счета", "Шот", "Шот коды", "account", "code"), required=True),
    Column("kind", ("Вид", "Вид счета", "Түрі", "Шот түрі", "kind"), required=True),
    Column(
        "name_kk",
        ("Наименование на казахском", "Наименование (каз)", "Атауы қазақша", "Атауы", "name_kk"),
        required=True,
    ),
    Column(
        "name_ru",
        ("Наименование на русском", "Наименование (рус)", "Атауы орысша", "Наименование", "name_ru"),
        required=True,
    ),
    Column("name_en", ("Наименование на английском", "Наименование (англ)", "Атауы ағылшынша", "name_en")),
)

_CODE = re.compile(r"\d{4}(?:\.\d{1,5})?", re.ASCII)


class InvalidAccountCode(InvalidInput):
    """Not four digits of the standard chart, with an own part after a dot: 1030.01. Facts: ``value``."""

    code = "invalid_account_code"


def import_accounts(
    session: Session, book_id: UUID, content: bytes, mode: ImportMode = ALL_OR_NOTHING
) -> ImportReport:
    """Open the accounts of a list in an enterprise's book; the same list again changes nothing.

    An account that is open keeps its names. One that is open on another side is a problem: its balance
    would change its meaning.

    Raises:
        NotFound: no such book.
    """
    ledger.get_book(session, book_id)
    reading = read_list(content, COLUMNS)
    problems = list(reading.problems)
    open_accounts = select(Account.code, Account.kind).where(
        Account.book_id == book_id, Account.fiscal_year == 0
    )
    kinds = {account.code: account.kind for account in session.execute(open_accounts)}
    new: list[AccountRow] = []
    unchanged = 0
    for cells in reading.rows:
        reader = RowReader(cells, reading, COLUMNS)
        row = _account_row(reader)
        if row is not None and kinds.get(row.code, row.kind) is not row.kind:
            reader.refuse("kind", AlreadyExists(kind="account", field="code", value=row.code))
        if row is None or reader.problems:
            problems += reader.problems
        elif row.code in kinds:
            unchanged += 1
        else:
            kinds[row.code] = row.kind
            new.append(row)
    written = mode.writes(problems)
    if written:
        ledger.open_accounts(session, book_id, new)
    return ImportReport(len(new), 0, unchanged, tuple(problems), written)


def _account_row(reader: RowReader) -> AccountRow | None:
    code = reader.required("code", _check_code)
    kind = reader.required("kind", partial(read_word, words=words_of(AccountKind)))
    names = [
        reader.required(field, partial(line, field=field, length_max=300)) for field in ("name_kk", "name_ru")
    ]
    name_en = reader.optional("name_en", partial(line, field="name_en", length_max=300))
    name_kk, name_ru = names
    if code is None or kind is None or name_kk is None or name_ru is None:
        return None
    return AccountRow(code, kind, name_kk, name_ru, name_en or name_ru)


def _check_code(text: str) -> str:
    value = text.strip()
    if not _CODE.fullmatch(value):
        raise InvalidAccountCode(value=value[:SHOWN_MAX])
    return value
