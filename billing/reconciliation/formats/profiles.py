"""Which column of a bank's spreadsheet is what: one profile per bank, further ones kept by the enterprise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from billing.kernel.checks import line
from billing.kernel.errors import InvalidInput
from billing.kernel.spreadsheets import Column, normal_heading

NAME_LENGTH_MAX = 100
HEADINGS_MAX = 20  # spellings of one column
SUMS = ("credit", "debit", "amount")

# What a column may hold. A bank names either the other side, or payer and payee of every row.
FIELDS = (
    "date",
    "credit",
    "debit",
    "amount",
    "direction",
    "name",
    "iin_bin",
    "iban",
    "bic",
    "payer_name",
    "payer_iin_bin",
    "payer_iban",
    "payer_bic",
    "payee_name",
    "payee_iin_bin",
    "payee_iban",
    "payee_bic",
    "purpose",
    "knp",
    "number",
    "budget_code",
    "reference",
    "currency",
)


class ProfileIncomplete(InvalidInput):
    """A profile needs a column for the date and one for a sum at least. Facts: ``field``."""

    code = "profile_incomplete"


class HeadingTwice(InvalidInput):
    """Two columns of a profile cannot have the same heading. Facts: ``field``, ``value``."""

    code = "heading_twice"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """How one bank's XLSX or CSV is laid out.

    Attributes:
        name: of the bank, or of the profile.
        headings: the names that a column may have, by our field; in any case, with any punctuation.
        account: IBAN, for files that do not name it.
    """

    name: str
    headings: Mapping[str, tuple[str, ...]]
    account: str = ""

    def __post_init__(self) -> None:
        assert set(self.headings) <= set(FIELDS), set(self.headings) - set(FIELDS)

    def columns(self) -> list[Column]:
        """What to look for in the heading."""
        return [Column(field, names) for field, names in self.headings.items()]


def checked_headings(headings: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The headings of a profile as they are kept; fields without one are left out.

    Raises:
        InvalidInput: a field that we do not know, or too many names of one.
        ProfileIncomplete, HeadingTwice, InvalidText: see there.
    """
    checked: dict[str, list[str]] = {}
    taken: set[str] = set()
    for field, names in headings.items():
        if field not in FIELDS or len(names) > HEADINGS_MAX:
            raise InvalidInput(field=f"headings.{field}"[:60])
        checked[field] = [line(name, field=f"headings.{field}", length_max=NAME_LENGTH_MAX) for name in names]
        for name in checked[field]:
            if (normal := normal_heading(name)) in taken:
                raise HeadingTwice(field=f"headings.{field}", value=name)
            taken.add(normal)
    known = {field: names for field, names in checked.items() if names}
    if "date" not in known:
        raise ProfileIncomplete(field="headings.date")
    if not known.keys() & set(SUMS):
        raise ProfileIncomplete(field="headings.amount")
    return known


def _profile(bank: str, /, **headings: tuple[str, ...]) -> ColumnProfile:
    return ColumnProfile(bank, MappingProxyType(headings))


_COMMON = {
    "date": ("Дата операции", "Дата", "Дата проводки", "Операция күні", "Күні", "Date"),
    "credit": ("Кредит", "Приход", "Поступление", "Сумма прихода", "Оборот по кредиту", "Кіріс", "Credit"),
    "debit": ("Дебет", "Расход", "Списание", "Сумма расхода", "Оборот по дебету", "Шығыс", "Debit"),
    "purpose": ("Назначение платежа", "Назначение", "Детали платежа", "Төлем мақсаты", "Details", "Purpose"),
    "knp": ("КНП", "Код назначения платежа", "ТМК", "KNP"),
    "number": (
        "Номер документа",
        "№ документа",
        "Номер док.",
        "№ док.",
        "Документ №",
        "Құжат нөмірі",
        "Document",
    ),
    "currency": ("Валюта", "Currency"),
    "budget_code": ("КБК", "Код бюджетной классификации"),
    "reference": ("Референс", "Номер операции", "Reference"),
}

KASPI = _profile(
    "Kaspi",
    **_COMMON,
    name=(
        "Наименование бенефициара / отправителя денег",
        "Наименование бенефициара/отправителя",
        "Наименование контрагента",
    ),
    iin_bin=("БИН/ИИН бенефициара / отправителя денег", "ИИН/БИН бенефициара / отправителя денег", "БИН/ИИН"),
    iban=("ИИК бенефициара / отправителя денег", "ИИК бенефициара/отправителя"),
    bic=("БИК банка бенефициара / отправителя денег", "БИК банка бенефициара (отправителя денег)"),
)
HALYK = _profile(
    "Halyk",
    **_COMMON,
    name=("Контрагент", "Корреспондент", "Наименование корреспондента", "Counterparty"),
    iin_bin=("БИН/ИИН контрагента", "ИИН/БИН", "БИН/ИИН", "ИИН", "БИН", "ЖСН/БСН"),
    iban=("ИИК контрагента", "Счет контрагента", "ИИК", "Счет корреспондента", "IBAN"),
    bic=("БИК контрагента", "БИК", "БИК банка", "BIC"),
)
BCC = _profile(
    "BCC",
    **_COMMON,
    amount=("Сумма", "Сумма операции", "Сумма в валюте счета", "Amount"),
    direction=("Вид операции", "Д/К", "Дебет/Кредит", "Тип операции"),
    payer_name=("Плательщик", "Отправитель", "Наименование плательщика", "Наименование отправителя"),
    payer_iin_bin=(
        "БИН/ИИН плательщика",
        "ИИН/БИН плательщика",
        "БИН/ИИН отправителя",
        "ИИН/БИН отправителя",
    ),
    payer_iban=("ИИК плательщика", "Счет плательщика", "ИИК отправителя"),
    payer_bic=("БИК плательщика", "БИК банка плательщика", "БИК отправителя"),
    payee_name=("Получатель", "Бенефициар", "Наименование получателя", "Наименование бенефициара"),
    payee_iin_bin=("БИН/ИИН получателя", "ИИН/БИН получателя", "БИН/ИИН бенефициара"),
    payee_iban=("ИИК получателя", "Счет получателя", "ИИК бенефициара"),
    payee_bic=("БИК получателя", "БИК банка получателя", "БИК бенефициара"),
)
BUILT_IN = (KASPI, HALYK, BCC)
