"""Takes in the village's list of households and organisations: set by set, however long it is.

A row is known again by its IIN or BIN; where there is none, by name and address. What is known stays as it
is, so the same list taken in twice adds nobody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory
from billing.customers.models import Customer
from billing.districts.models import KatoPlace
from billing.districts.numbering import lock_district, take_account_serials
from billing.districts.service import current_district
from billing.kernel.alphabet import fold, sort_key_kk
from billing.kernel.cells import RowReader, UnknownWord, read_identifier, read_word, words_of
from billing.kernel.checks import email_or_none, line
from billing.kernel.errors import RuleViolation
from billing.kernel.identifiers import check_phone, is_bin, make_account_number, mask_iin
from billing.kernel.ids import new_id
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.shown import Language
from billing.kernel.spreadsheets import Column, read_list

COLUMNS = (
    Column(
        "name",
        ("ФИО", "Наименование", "Абонент", "Житель", "Аты-жөні", "Тұрғын", "Атауы", "Name", "Full name"),
        required=True,
    ),
    Column(
        "iin_bin", ("ИИН", "БИН", "ИИН/БИН", "ЖСН", "БСН", "ЖСН/БСН", "IIN", "BIN", "IIN/BIN"), personal=True
    ),
    Column("category", ("Категория", "Вид", "Вид плательщика", "Санаты", "Түрі", "Category")),
    Column("place", ("Населенный пункт", "Село", "КАТО", "Елді мекен", "Ауыл", "Village", "Place", "KATO")),
    Column("address", ("Адрес", "Мекенжайы", "Мекен-жайы", "Мекенжай", "Address")),
    Column("street", ("Улица", "Көше", "Көшесі", "Street")),
    Column("house", ("Дом", "№ дома", "Үй", "Үйі", "House")),
    Column("flat", ("Квартира", "Кв", "Пәтер", "Flat")),
    Column("language", ("Язык", "Тіл", "Тілі", "Language")),
    Column("phone", ("Телефон", "Тел", "Сотовый", "Телефоны", "Phone"), personal=True),
    Column("email", ("Эл. почта", "Почта", "E-mail", "Email", "Эл. пошта")),
)

_CATEGORIES = words_of(PayerCategory) | {
    "жители": PayerCategory.RESIDENT,
    "физ лицо": PayerCategory.RESIDENT,
    "физическое лицо": PayerCategory.RESIDENT,
    "жеке тулга": PayerCategory.RESIDENT,
    "юр лицо": PayerCategory.ORGANISATION,
    "юридическое лицо": PayerCategory.ORGANISATION,
    "занды тулга": PayerCategory.ORGANISATION,
}
_LANGUAGES = words_of(Language) | {
    "казахский": Language.KK,
    "каз": Language.KK,
    "казак": Language.KK,
    "русский": Language.RU,
    "рус": Language.RU,
    "орыс": Language.RU,
    "английский": Language.EN,
}
# «с.Боранкул», «аул Боранкул», «Боранқұл ауылы»: the kind of settlement around its name, folded.
_KIND_OF_PLACE = re.compile(r"^(?:с|село|п|пос|поселок|аул|ауыл|а)\.?\s+|^с\.|\s+(?:ауылы|аулы|кенти|а\.)$")
_FLAT = re.compile(r"(?:,|\s)\s*(?:кв|квартира|пәтер|пәт|flat)\.?\s*№?\s*([\w/-]{1,20})\s*$", re.IGNORECASE)
_HOUSE = re.compile(r"(?:,|\s)\s*(?:д|дом|үй|house)?\.?\s*№?\s*(\d[\w/-]{0,19})\s*(?:үй)?\s*$", re.IGNORECASE)


class CategoryContradicts(RuleViolation):
    """A resident has no BIN. Facts: ``value``, masked."""

    code = "category_contradicts"


class RowRepeated(RuleViolation):
    """The list has the same customer further up. Facts: ``row``, the number of that row."""

    code = "row_repeated"


class KnownWithoutNumber(RuleViolation):
    """Somebody of this name at this address is known without IIN. Facts: ``account_number``."""

    code = "known_without_number"


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it would be stored."""

    number: int
    category: PayerCategory
    iin_bin: str | None
    name: str
    place_code: str | None
    street: str
    house: str
    flat: str
    language: Language
    phone: str | None
    email: str | None

    @property
    def household(self) -> tuple[str, str | None, str]:
        """What a row without an IIN is known again by."""
        return fold(self.name), self.place_code, fold(f"{self.street} {self.house} {self.flat}")


@dataclass(frozen=True, slots=True)
class _Places:
    """The settlements a list may name.

    Attributes:
        codes: by code and by every name, folded; None where a name means two.
        as_written: what people may write, in the classifier's spelling.
    """

    codes: dict[str, str | None]
    as_written: list[str]


class _Known:
    """Customers of the district and of the list so far, by what a row is known again by."""

    def __init__(self, session: Session) -> None:
        self.by_number: dict[str, int] = {}
        self.by_household: dict[tuple[str, str | None, str], int] = {}
        self.without_number: dict[tuple[str, str | None, str], str] = {}
        stored = select(
            Customer.iin_bin,
            Customer.account_number,
            Customer.name_folded,
            Customer.place_code,
            Customer.address_folded,
        )
        for customer in session.execute(stored):
            household = (customer.name_folded, customer.place_code, customer.address_folded)
            self.by_household[household] = 0
            if customer.iin_bin:
                self.by_number[customer.iin_bin] = 0
            else:
                self.without_number[household] = customer.account_number

    def row_of(self, row: _Row) -> int | None:
        """The number of the row that is the same customer; 0 for one in the database, None for nobody."""
        if row.iin_bin:
            return self.by_number.get(row.iin_bin)
        return self.by_household.get(row.household)

    def add(self, row: _Row) -> None:
        """Know a row's customer from now on."""
        self.by_household.setdefault(row.household, row.number)
        if row.iin_bin:
            self.by_number[row.iin_bin] = row.number


def import_customers(session: Session, content: bytes, mode: ImportMode = ALL_OR_NOTHING) -> ImportReport:
    """Take on the customers of a list (CSV or XLSX) and give them their personal accounts, in its order.

    Columns: name (needed), IIN or BIN, category, village, address or street, house and flat, language,
    phone, e-mail. Who has a BIN is an organisation, everybody else a resident, unless the list says so.
    Villages are those of the district's own places.
    """
    # Locked first: a clerk taking on one of them meanwhile would make him twice.
    lock_district(session)
    reading = read_list(content, COLUMNS)
    problems = list(reading.problems)
    places, known = _places(session), _Known(session)
    new: list[_Row] = []
    unchanged = 0
    for cells in reading.rows:
        reader = RowReader(cells, reading, COLUMNS)
        row = _read_row(reader, places)
        same = known.row_of(row) if row else None
        if row is not None and same:
            reader.refuse("iin_bin" if row.iin_bin else "name", RowRepeated(row=same))
        elif row is not None and same is None and row.iin_bin and row.household in known.without_number:
            account_number = known.without_number[row.household]
            reader.refuse("name", KnownWithoutNumber(account_number=account_number))
        if row is None or reader.problems:
            problems += reader.problems
        elif same == 0:
            unchanged += 1
        else:
            known.add(row)
            new.append(row)
    written = mode.writes(problems)
    if written:
        _write(session, new)
    return ImportReport(len(new), 0, unchanged, tuple(problems), written)


def split_address(text: str) -> tuple[str, str, str]:
    """Street, house and flat of an address written in one cell: ``ул. Абая, д. 12, кв. 3``.

    What cannot be told apart stays in the street.
    """
    street, house, flat = text.strip(), "", ""
    if found := _FLAT.search(street):
        street, flat = street[: found.start()], found[1]
    if found := _HOUSE.search(street):
        street, house = street[: found.start()], found[1]
    return street.strip(" ,"), house, flat


def _read_row(reader: RowReader, places: _Places) -> _Row | None:
    name = reader.required("name", partial(line, field="name", length_max=300))
    iin_bin = reader.optional("iin_bin", read_identifier)
    category = reader.optional("category", partial(read_word, words=_CATEGORIES))
    if iin_bin and is_bin(iin_bin) and category is PayerCategory.RESIDENT:
        reader.refuse("category", CategoryContradicts(value=mask_iin(iin_bin)))
    if category is None:
        with_bin = iin_bin is not None and is_bin(iin_bin)
        category = PayerCategory.ORGANISATION if with_bin else PayerCategory.RESIDENT
    if reader.text("address") and not reader.text("street"):
        street, house, flat = split_address(reader.text("address"))
    else:
        street, house, flat = (reader.text(field) for field in ("street", "house", "flat"))
    at = "street" if reader.text("street") else "address"
    row = _Row(
        number=reader.row.number,
        category=category,
        iin_bin=iin_bin,
        name=name or "",
        place_code=reader.optional("place", partial(_read_place, places=places)),
        street=_part(reader, at, street, 200),
        house=_part(reader, "house" if reader.text("house") else at, house, 20),
        flat=_part(reader, "flat" if reader.text("flat") else at, flat, 20),
        language=reader.optional("language", partial(read_word, words=_LANGUAGES)) or Language.KK,
        phone=reader.optional("phone", check_phone),
        email=reader.optional("email", email_or_none),
    )
    return row if name else None


def _part(reader: RowReader, field: str, text: str, length_max: int) -> str:
    # Whole cells are read by the reader; a part of an address cell only borrows its place for the refusal.
    if not text:
        return ""
    return reader.optional(field, lambda _: line(text, field=field, length_max=length_max)) or ""


def _places(session: Session) -> _Places:
    """The district's settlements."""
    prefix = current_district(session).kato_code[:6]
    names: dict[str, str | None] = {}
    as_written: list[str] = []
    statement = select(KatoPlace.code, KatoPlace.name_kk, KatoPlace.name_ru)
    for place in session.execute(statement.where(KatoPlace.code.startswith(prefix))):
        if place.code.endswith("000"):
            continue
        as_written += dict.fromkeys([place.name_kk or place.name_ru, place.name_ru])
        for name in _names(place.code, place.name_kk or "", place.name_ru):
            names[name] = place.code if names.get(name, place.code) == place.code else None
    return _Places(names, sorted(as_written, key=sort_key_kk))


def _names(*names: str) -> Iterable[str]:
    whole = {fold(name) for name in names}
    return (whole | {_KIND_OF_PLACE.sub("", name).strip() for name in whole}) - {""}


def _read_place(text: str, places: _Places) -> str:
    for name in _names(text):
        if code := places.codes.get(name):
            return code
    raise UnknownWord(value=text, allowed=", ".join(places.as_written))


def _write(session: Session, rows: list[_Row]) -> None:
    if not rows:
        return
    district = current_district(session)
    first = take_account_serials(session, len(rows))
    session.execute(
        insert(Customer),
        [
            _values(row, district.id, make_account_number(district.kato_code, serial))
            for serial, row in enumerate(rows, start=first)
        ],
    )


def _values(row: _Row, district_id: int, account_number: str) -> dict[str, Any]:
    name, _, address = row.household
    return {
        "district_id": district_id,
        "id": new_id(),
        "account_number": account_number,
        "category": row.category,
        "iin_bin": row.iin_bin,
        "name": row.name,
        "name_folded": name,
        "name_sort_key": sort_key_kk(row.name),
        "place_code": row.place_code,
        "street": row.street,
        "house": row.house,
        "flat": row.flat,
        "address_folded": address,
        "language": row.language,
        "phone": row.phone,
        "email": row.email,
    }
