"""The starter chart of accounts of an enterprise's book, and the fixed accounts of the budget's book.

Codes and names follow the standard chart of accounts of the Republic of Kazakhstan; an enterprise imports
what else it uses.
"""

from dataclasses import dataclass

from billing.ledger.models import AccountKind

CASH = "1010"
IN_TRANSIT = "1020"
BANK = "1030"
RECEIVABLES = "1210"
VAT = "3130"
BUDGET_OBLIGATIONS = "3190"
CONTRACTORS = "3310"
WORKERS = "3350"
ADVANCES = "3510"
INCOME = "6010"
COST = "7010"
ADMINISTRATION = "7210"

BUDGET_IN_TRANSIT = "transit"  # collected, not yet on the budget's account
BUDGET_KSN = "ksn"  # arrived on the control cash account


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account to open: code, side and names."""

    code: str
    kind: AccountKind
    name_kk: str
    name_ru: str
    name_en: str
    fiscal_year: int = 0


ENTERPRISE_CHART = (
    AccountRow(
        CASH, AccountKind.ASSET, "Кассадағы ақша қаражаты", "Денежные средства в кассе", "Cash on hand"
    ),
    AccountRow(
        IN_TRANSIT, AccountKind.ASSET, "Жолдағы ақша қаражаты", "Денежные средства в пути", "Cash in transit"
    ),
    AccountRow(
        BANK,
        AccountKind.ASSET,
        "Ағымдағы банк шоттарындағы ақша қаражаты",
        "Денежные средства на текущих банковских счетах",
        "Cash in current bank accounts",
    ),
    AccountRow(
        RECEIVABLES,
        AccountKind.ASSET,
        "Сатып алушылар мен тапсырыс берушілердің берешегі",
        "Задолженность покупателей и заказчиков",
        "Receivables from customers",
    ),
    AccountRow(
        VAT, AccountKind.LIABILITY, "Қосылған құн салығы", "Налог на добавленную стоимость", "Value added tax"
    ),
    AccountRow(
        BUDGET_OBLIGATIONS,
        AccountKind.LIABILITY,
        "Бюджет алдындағы өзге де міндеттемелер",
        "Прочие обязательства перед бюджетом",
        "Other obligations to the budget",
    ),
    AccountRow(
        CONTRACTORS,
        AccountKind.LIABILITY,
        "Жеткізушілер мен мердігерлерге берешек",
        "Задолженность поставщикам и подрядчикам",
        "Payables to suppliers and contractors",
    ),
    AccountRow(
        WORKERS,
        AccountKind.LIABILITY,
        "Еңбекақы бойынша берешек",
        "Задолженность по оплате труда",
        "Payables to workers",
    ),
    AccountRow(
        ADVANCES,
        AccountKind.LIABILITY,
        "Алынған аванстар",
        "Полученные авансы",
        "Advances received from customers",
    ),
    AccountRow(
        "5610", AccountKind.EQUITY, "Қорытынды пайда (зиян)", "Итоговая прибыль (убыток)", "Profit or loss"
    ),
    AccountRow(
        INCOME,
        AccountKind.INCOME,
        "Қызмет көрсетуден түскен табыс",
        "Доход от оказания услуг",
        "Income from services",
    ),
    AccountRow(
        COST,
        AccountKind.EXPENSE,
        "Көрсетілген қызметтердің өзіндік құны",
        "Себестоимость оказанных услуг",
        "Cost of services",
    ),
    AccountRow(
        ADMINISTRATION,
        AccountKind.EXPENSE,
        "Әкімшілік шығыстар",
        "Административные расходы",
        "Administrative expenses",
    ),
)

BUDGET_CHART = (
    AccountRow(
        BUDGET_IN_TRANSIT,
        AccountKind.ASSET,
        "Бюджетке жолдағы түсімдер",
        "Поступления в пути в бюджет",
        "Fees in transit to the budget",
    ),
    AccountRow(
        BUDGET_KSN,
        AccountKind.ASSET,
        "Қолма-қол ақшаны бақылау шоты",
        "Контрольный счет наличности",
        "Control cash account",
    ),
)
