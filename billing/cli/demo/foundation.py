"""The ground the demo stands on: places, the district, its enterprise, books, services and tariffs."""

import csv
from datetime import date, time, timedelta
from io import BytesIO, StringIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.budget.classification import import_starter_set
from billing.budget.models import PolicyKind
from billing.catalog import service as catalog
from billing.catalog.models import BenefitKind, PayerCategory, Service, Unit, VatCategory
from billing.cli.demo.scene import KATO, Scene, read_file
from billing.cli.demo.steps import Unit as Work
from billing.districts import service as districts
from billing.districts.cash_desks import CashDeskDetails, open_cash_desk
from billing.districts.kato import read_kato
from billing.districts.models import (
    BankAccountKind,
    District,
    Enterprise,
    EnterpriseForm,
    Opening,
    SignatoryRole,
    Weekday,
)
from billing.kernel.money import Money
from billing.ledger import service as ledger

CLASSIFIER = date(2022, 10, 17)
DECISION = "12-3"
PLAN = {"202102": Money.tenge(4_200_000), "206109": Money.tenge(1_500_000)}

_SIGNATORIES = (
    (SignatoryRole.HEAD, "Үлгіжанов Б. С.", "Директор", "Директор"),
    (SignatoryRole.CHIEF_ACCOUNTANT, "Мысалбекова Г. А.", "Бас бухгалтер", "Главный бухгалтер"),
    (SignatoryRole.CASHIER, "Сынақбаева Ж. Т.", "Кассир", "Кассир"),
)
# Percent of every line in basis points, or a sum off the rubbish line.
_BENEFITS = (
    (
        "DISABILITY",
        (
            "I, II топтағы мүгедектігі бар адамдар",
            "Лица с инвалидностью I, II групп",
            "Persons with disability, groups I and II",
        ),
        5_000,
        None,
    ),
    ("LARGE_FAMILY", ("Көпбалалы отбасылар", "Многодетные семьи", "Large families"), 3_000, None),
    (
        "PENSIONER",
        ("Жасына байланысты зейнеткерлер", "Пенсионеры по возрасту", "Old-age pensioners"),
        None,
        Money.tenge(300),
    ),
)


def district_to_open(session: Session, _: Scene) -> list[Work]:
    """The rural district with the places it lies in, and the starter set of budget codes."""

    def open_it(session: Session) -> None:
        reading = read_kato(BytesIO(read_file("places.csv")))
        assert not reading.problems, reading.problems
        districts.import_places(session, reading.rows, CLASSIFIER)
        import_starter_set(session)
        districts.open_district(
            session,
            kato_code=KATO,
            name_kk="Боранқұл ауылдық округі",
            name_ru="Боранкульский сельский округ",
        )

    is_open = session.scalar(select(District.id).where(District.kato_code == KATO))
    return [] if is_open else [open_it]


def enterprise_to_register(session: Session, scene: Scene) -> list[Work]:
    """The communal enterprise with everything an invoice names, both books, and what its fees are."""

    def register(session: Session) -> None:
        enterprise = districts.register_enterprise(
            session,
            bin="991240000003",
            form=EnterpriseForm.OPERATIONAL_MANAGEMENT,
            name_kk="«Боранқұл ауыл қызметі» КМҚК",
            name_ru="КГКП «Боранкул ауыл кызмети»",
            address_kk="Маңғыстау облысы, Бейнеу ауданы, Боранқұл ауылы, Достық көшесі, 2",
            address_ru="Мангистауская область, Бейнеуский район, с. Боранкул, ул. Достык, 2",
            phone="+77000000100",
            email="office@borankul.example",
        )
        _open_accounts(session, enterprise, scene)
        _open_cash_desk(session, enterprise)
        ledger.open_enterprise_book(session, enterprise.id)
        ledger.open_budget_book(session)
        # Its founder, the akim's office, decided that all its fees are the district's revenue.
        budget.set_posting_policy(
            session,
            enterprise.id,
            kind=PolicyKind.GROSS,
            valid_from=_year_before(scene),
            decision_number=DECISION,
            decision_date=_year_before(scene) - timedelta(days=10),
        )
        for year in sorted({month.year for month in scene.months} | {scene.today.year}):
            for code, amount in PLAN.items():
                budget.plan_revenue(
                    session,
                    fiscal_year=year,
                    code=code,
                    amount=amount,
                    decision_number=f"{DECISION}/{year}",
                    decision_date=date(year - 1, 12, 25),
                )

    return [] if session.scalar(select(Enterprise.id).limit(1)) else [register]


def services_to_price(session: Session, scene: Scene) -> list[Work]:
    """Nine services, each with two tariffs over time for residents and for organisations, and benefits."""

    def price(session: Session) -> None:
        enterprise = session.scalars(select(Enterprise)).one()
        reader = csv.DictReader(StringIO(read_file("services.csv").decode()), delimiter=";")
        for row in reader:
            service = catalog.define_service(
                session,
                enterprise.id,
                code=row["code"],
                name_kk=row["name_kk"],
                name_ru=row["name_ru"],
                name_en=row["name_en"],
                unit=Unit(row["unit"]),
                revenue_code=row["revenue_code"],
                vat_category=VatCategory(row["vat"]),
            )
            _set_tariffs(session, service, row, scene)
        _define_benefits(session, enterprise, scene)

    return [] if session.scalar(select(Service.id).limit(1)) else [price]


def _open_cash_desk(session: Session, enterprise: Enterprise) -> None:
    usual = [
        Opening(day, time(opens_at), time(closes_at))
        for day in list(Weekday)[:5]
        for opens_at, closes_at in ((9, 13), (14, 18))
    ]
    details = CashDeskDetails(
        name_kk="Ауылдық округ кассасы",
        name_ru="Касса сельского округа",
        address_kk="Боранқұл ауылы, Достық көшесі, 2",
        address_ru="с. Боранкул, ул. Достык, 2",
        hours=[*usual, Opening(Weekday.SATURDAY, time(10), time(13))],
    )
    open_cash_desk(session, enterprise.id, details)


def _open_accounts(session: Session, enterprise: Enterprise, scene: Scene) -> None:
    since = _year_before(scene)
    districts.add_bank_account(
        session,
        enterprise.id,
        iban="KZ456010000000000001",
        bic="HSBKKZKX",
        bank_name_kk="«Қазақстан Халық Банкі» АҚ",
        bank_name_ru="АО «Народный Банк Казахстана»",
        kbe="16",
        is_primary=True,
    )
    districts.add_bank_account(
        session,
        enterprise.id,
        kind=BankAccountKind.BUDGET_KSN,
        iban="KZ940700000003990001",
        bic="KKMFKZ2A",
        bank_name_kk="ҚР ҚМ Қазынашылық комитеті",
        bank_name_ru="Комитет казначейства МФ РК",
        kbe="11",
    )
    for role, name, position_kk, position_ru in _SIGNATORIES:
        districts.appoint_signatory(
            session,
            enterprise.id,
            role=role,
            name=name,
            position_kk=position_kk,
            position_ru=position_ru,
            valid_from=since,
        )
    districts.register_vat(session, enterprise.id, certificate_number="39001-0000001", valid_from=since)


def _set_tariffs(session: Session, service: Service, row: dict[str, str], scene: Scene) -> None:
    # The new prices hold from the second month on, so that invoices of both are in the archive.
    for when, valid_from, decision in (
        ("before", _year_before(scene), f"{DECISION}-А"),
        ("now", scene.months[1].first_day, f"{DECISION}-Б"),
    ):
        for category in PayerCategory:
            catalog.set_tariff(
                session,
                service.id,
                payer_category=category,
                valid_from=valid_from,
                price=Money.parse(row[f"{category.value}_{when}"]),
                decision_number=decision,
                decision_date=valid_from - timedelta(days=20),
            )


def _define_benefits(session: Session, enterprise: Enterprise, scene: Scene) -> None:
    since = _year_before(scene)
    waste = catalog.find_service(session, enterprise.id, "WASTE")
    assert waste is not None
    for code, names, percent_bp, amount in _BENEFITS:
        name_kk, name_ru, name_en = names
        catalog.define_benefit(
            session,
            code=code,
            name_kk=name_kk,
            name_ru=name_ru,
            name_en=name_en,
            kind=BenefitKind.PERCENT if percent_bp else BenefitKind.SUM,
            percent_bp=percent_bp,
            amount=amount,
            service_id=waste.id if amount else None,
            decision_number=f"{DECISION}-Л",
            decision_date=since - timedelta(days=30),
            valid_from=since,
        )


def _year_before(scene: Scene) -> date:
    return date(scene.begins.year - 1, 1, 1)
