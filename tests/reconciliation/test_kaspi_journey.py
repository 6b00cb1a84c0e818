"""A village on Kaspi: from the residents' payments through statement and registry to the signed days."""

from datetime import date

from billing.districts import service as districts
from billing.kernel.money import ZERO, Money
from billing.reconciliation.models import MatchKind
from billing.reconciliation.service import rematch, take_in
from billing.reconciliation.three_way.comparison import Counted, compare_days
from billing.reconciliation.three_way.differences import differences_of
from billing.reconciliation.three_way.late import book_missing
from billing.reconciliation.three_way.sign_off import sign_day_off
from billing.verification.service import verify
from tests.support.bank_files import document, one_c, section
from tests.support.bank_rows import balances
from tests.support.billing import open_desk
from tests.support.identifiers import synthetic_iban
from tests.support.provider_money import pay_through, take_in_registry
from tests.support.providers import make_provider

T = Money.tenge
SATURDAY, SUNDAY, MONDAY = (date(2026, 11, day) for day in (14, 15, 16))
KASPI_BIN = "971240001315"
OWN = synthetic_iban(88, "722")
KASPI = {"name": 'АО "KASPI BANK"', "iin_bin": KASPI_BIN}


def test_from_payments_to_signed_days(session):
    """Kaspi pays whole days over and charges apart; one payment came only with the registry."""
    desk = open_desk(session)
    districts.add_bank_account(
        session,
        desk.enterprise.id,
        iban=OWN,
        bic="CASPKZKA",
        bank_name_kk="«Kaspi Bank» АҚ",
        bank_name_ru="АО «Kaspi Bank»",
        kbe="16",
    )
    provider = make_provider(session, desk.enterprise.id, bin=KASPI_BIN, commission_bp=75)
    for number in range(5):
        pay_through(desk, 4500, SATURDAY, outside_id=f"6{number}")
    pay_through(desk, 13000, SUNDAY, outside_id="70")
    statement = one_c(
        section(["27500.00", "13000.00"], ["303.75"], opening="0.00", own=OWN),
        document(
            "27500.00", day="15.11.2026", purpose="Платежи населения за 14.11.2026, количество 6", **KASPI
        ),
        document(
            "13000.00", day="16.11.2026", purpose="Платежи населения за 15.11.2026, количество 1", **KASPI
        ),
        document("303.75", day="16.11.2026", purpose="Комиссия за прием платежей", out=True, **KASPI),
        own=OWN,
    )

    taken = take_in(session, statement.encode(), file_name="kaspi.txt", taken_in_on=MONDAY)
    assert dict(taken.outcome.matched) == {MatchKind.PROVIDER_BATCH: 1, MatchKind.COMMISSION: 1}

    account = desk.customer.account_number
    take_in_registry(
        session,
        provider,
        *((f"6{number}", 4500, SATURDAY, account) for number in range(5)),
        ("69", 5000, SATURDAY, account),
        ("70", 13000, SUNDAY, account),
    )
    assert [each.outside_id for each in differences_of(session, SATURDAY, SATURDAY)].count("69") == 1
    book_missing(session, provider.id, SATURDAY, SATURDAY)
    rematched = rematch(session, taken.account.id, rematched_on=MONDAY)

    assert dict(rematched.matched) == {MatchKind.PROVIDER_BATCH: 1}
    assert differences_of(session, SATURDAY, SUNDAY) == []
    days = compare_days(session, SATURDAY, SUNDAY)
    assert [(day.receipts, day.registry, day.paid_over.credited) for day in days] == [
        (Counted(6, T(27500)), Counted(6, T(27500)), T(27500)),
        (Counted(1, T(13000)), Counted(1, T(13000)), T(13000)),
    ]
    for day in (SATURDAY, SUNDAY):
        assert sign_day_off(session, provider.id, day, today=MONDAY).why is None
    assert balances(session, desk.enterprise, ["1020", "1030", "7210"]) == {
        "1020": str(ZERO),
        "1030": "40196.25",
        "7210": "303.75",
    }
    assert list(verify(session)) == []
