"""Districts and enterprises of tests, made through the services."""

from datetime import date, time
from uuid import UUID

from sqlalchemy.orm import Session

from billing.districts import service as districts
from billing.districts.cash_desks import CashDeskDetails, open_cash_desk
from billing.districts.kato import KatoRow
from billing.districts.models import (
    BankAccountKind,
    CashDesk,
    District,
    Enterprise,
    EnterpriseForm,
    Opening,
    SignatoryRole,
    Weekday,
)
from tests.support.identifiers import synthetic_bin, synthetic_iban

DISTRICT_ID = 1
DISTRICT_KATO = "473639000"  # Borankul rural district, Beineu district, Mangystau region
OTHER_DISTRICT_ID = 2
OTHER_DISTRICT_KATO = "473637000"
CLASSIFIER = date(2022, 10, 17)
LONG_AGO = date(2020, 1, 1)  # appointed and registered before anything a test does
CASH_DESK = CashDeskDetails(
    name_kk="Касса",
    name_ru="Касса",
    address_kk="Боранқұл ауылы, Достық көшесі, 1",
    address_ru="с. Боранкул, ул. Достык, 1",
    hours=[Opening(Weekday.MONDAY, time(9), time(13)), Opening(Weekday.MONDAY, time(14), time(18))],
)


def make_district(
    session: Session, district_id: int = DISTRICT_ID, kato_code: str = DISTRICT_KATO
) -> District:
    """A rural district, its place and its village in the classifier, without an enterprise."""
    region, village = f"{kato_code[:2]}0000000", f"{kato_code[:6]}100"
    rows = [
        KatoRow(region, None, "Маңғыстау облысы", "Мангистауская область"),
        KatoRow(kato_code, region, "Боранқұл ауылдық округі", "Боранкульский с.о."),
        KatoRow(village, kato_code, "Боранқұл ауылы", "с.Боранкул"),
    ]
    districts.import_places(session, rows, CLASSIFIER)
    return districts.open_district(
        session,
        district_id=district_id,
        kato_code=kato_code,
        name_kk="Боранқұл ауылдық округі",
        name_ru="Боранкульский сельский округ",
    )


def make_enterprise(
    session: Session,
    serial: int = 1,
    *,
    form: EnterpriseForm = EnterpriseForm.ECONOMIC_MANAGEMENT,
    vat_from: date | None = None,
    payment_term_days: int = 20,
) -> Enterprise:
    """An enterprise that can invoice: with a primary account and everybody who signs. No ledger book.

    Args:
        serial: another one gives another BIN and account.
        vat_from: registered for VAT from this day on; never if not given.
    """
    enterprise = districts.register_enterprise(
        session,
        bin=synthetic_bin(serial),
        form=form,
        name_kk="«Боранқұл Сервис» КМК",
        name_ru="КГП «Боранкул Сервис»",
        address_kk="Боранқұл ауылы, Достық көшесі, 1",
        address_ru="с. Боранкул, ул. Достык, 1",
        phone="+77292000001",
        payment_term_days=payment_term_days,
    )
    districts.add_bank_account(
        session,
        enterprise.id,
        kind=BankAccountKind.BANK,
        iban=synthetic_iban(serial),
        bic="HSBKKZKX",
        bank_name_kk="«Қазақстан Халық Банкі» АҚ",
        bank_name_ru="АО «Народный Банк Казахстана»",
        kbe="16",
        is_primary=True,
    )
    names = {
        SignatoryRole.HEAD: ("Сынақов Т. Т.", "Директор", "Директор"),
        SignatoryRole.CHIEF_ACCOUNTANT: ("Есепова А. А.", "Бас бухгалтер", "Главный бухгалтер"),
        SignatoryRole.CASHIER: ("Кассина Б. Б.", "Кассир", "Кассир"),
    }
    for role, (name, position_kk, position_ru) in names.items():
        districts.appoint_signatory(
            session,
            enterprise.id,
            role=role,
            name=name,
            position_kk=position_kk,
            position_ru=position_ru,
            valid_from=LONG_AGO,
        )
    if vat_from is not None:
        districts.register_vat(session, enterprise.id, certificate_number="0001", valid_from=vat_from)
    return enterprise


def make_cash_desk(session: Session, enterprise_id: UUID) -> CashDesk:
    """A cash desk that is open on Mondays."""
    return open_cash_desk(session, enterprise_id, CASH_DESK)
