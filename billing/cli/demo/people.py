"""Who lives and works in the demo: customers with contracts and benefits, workers, contractors."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import Benefit, PayerCategory, Service, Unit
from billing.cli.demo.scene import Scene, read_file
from billing.cli.demo.steps import Unit as Work
from billing.customers import service as customers
from billing.customers.lists import import_customers
from billing.customers.models import Contract, Customer
from billing.districts.models import Enterprise
from billing.kernel.money import Money
from billing.workforce import contracts as contractors
from billing.workforce import service as workforce
from billing.workforce.models import EngagementKind, Worker

# Name, IIN, how hired, position, rate, what the rate is for.
WORKERS = (
    ("Еңбекбаев Асан", "991231590001", EngagementKind.LABOUR, "Жол жұмысшысы", 1_450, Unit.HOUR),
    ("Қызметов Үсен", "991231590100", EngagementKind.LABOUR, "Жол жұмысшысы", 1_450, Unit.HOUR),
    ("Тракторов Ерлан", "991231590204", EngagementKind.LABOUR, "Тракторшы", 4_300, Unit.KM),
    ("Сушашаров Болат", "991231590309", EngagementKind.LABOUR, "Су тасушы жүргізуші", 1_900, Unit.HOUR),
    ("Жүкшіев Мұрат", "991231590408", EngagementKind.CIVIL, "Жүк тиеуші", 1_600, Unit.HOUR),
    ("Бақшаева Гүлнәр", "991231590507", EngagementKind.CIVIL, "Көгалдандырушы", 1_500, Unit.HOUR),
)
# Name, BIN, account, service, price per unit, ceiling.
CONTRACTORS = (
    ("«Үлгі Жол» ЖШС", "991240200006", "KZ186010000000000002", "GRADING", 11_000, 1_200_000),
    ("«Сынақ Тазарту» ЖШС", "991240200105", "KZ306010000000000077", "SEPTIC", 5_200, 600_000),
)
EVERY_NTH_WITHOUT_CONTRACT = 8


def customers_to_take_on(session: Session, _: Scene) -> list[Work]:
    """Households and organisations, from the village's list."""

    def take_on(session: Session) -> None:
        report = import_customers(session, read_file("customers.csv"))
        assert not report.problems, report.problems

    return [] if session.scalar(select(Customer.id).limit(1)) else [take_on]


def contracts_to_sign(session: Session, scene: Scene) -> list[Work]:
    """A contract with charges for most customers, and the benefits some of them hold."""
    signed = set(session.scalars(select(Contract.customer_id)))
    known = session.execute(select(Customer.id, Customer.category).order_by(Customer.account_number)).all()
    return [
        partial(_sign, customer_id=customer.id, category=customer.category, place=place, scene=scene)
        for place, customer in enumerate(known, start=1)
        if customer.id not in signed and place % EVERY_NTH_WITHOUT_CONTRACT
    ]


def workers_to_hire(session: Session, scene: Scene) -> list[Work]:
    """Six hired workers with engagements, two contractors with contracts, one of them supplemented."""

    def hire(session: Session) -> None:
        enterprise = session.scalars(select(Enterprise)).one()
        for name, iin, kind, position, rate, unit in WORKERS:
            worker = workforce.register_worker(session, iin=iin, name=name)
            workforce.engage(
                session,
                worker.id,
                enterprise_id=enterprise.id,
                kind=kind,
                signed_on=scene.begins - timedelta(days=5),
                starts_on=scene.begins,
                ends_on=_next_year(scene) if kind is EngagementKind.CIVIL else None,
                position=position,
                rate=Money.tenge(rate),
                rate_unit=unit,
            )
        for contractor in CONTRACTORS:
            _sign_contractor(session, enterprise.id, contractor, scene)

    return [] if session.scalar(select(Worker.id).limit(1)) else [hire]


def _sign(session: Session, *, customer_id: UUID, category: PayerCategory, place: int, scene: Scene) -> None:
    enterprise = session.scalars(select(Enterprise)).one()
    services = {service.code: service.id for service in session.scalars(select(Service))}
    contract = customers.sign_contract(
        session,
        enterprise.id,
        customer_id,
        signed_on=scene.begins - timedelta(days=7),
        starts_on=scene.begins,
        # One household moves away in the middle of the story.
        ends_on=scene.months[1].last_day if place == 14 else None,
    )
    for code, quantity, first_month, last_month in _charges(category, place):
        customers.add_charge(
            session,
            contract.id,
            service_id=services[code],
            quantity=Decimal(quantity),
            valid_from=scene.begins,
            first_month=first_month,
            last_month=last_month,
        )
    if category is PayerCategory.RESIDENT and place % 6 == 2:
        _grant(session, customer_id, place, scene)


def _charges(category: PayerCategory, place: int) -> list[tuple[str, str, int, int]]:
    """Service, quantity per month, and the season it is charged in."""
    if category is PayerCategory.ORGANISATION:
        return [("WASTE", "3", 1, 12), ("WINTER", "1", 11, 3), ("GREEN", "6", 4, 10)]
    charges = [("WASTE", "1", 1, 12)]
    if place % 2:
        charges.append(("WINTER", "1", 11, 3))
    if place % 3 == 0:
        charges.append(("WATER", str(Decimal(place % 5 + 2) + Decimal("0.5")), 1, 12))
    return charges


def _grant(session: Session, customer_id: UUID, place: int, scene: Scene) -> None:
    codes = ("DISABILITY", "LARGE_FAMILY", "PENSIONER")
    code = codes[place // 6 % len(codes)]
    benefit = session.scalars(select(Benefit).where(Benefit.code == code)).one()
    customers.grant_benefit(
        session,
        customer_id,
        benefit.id,
        evidence=f"Куәлік № {place:06d}, {date(scene.begins.year - 1, 5, 1):%d.%m.%Y}",
        valid_from=scene.begins,
    )


def _sign_contractor(
    session: Session, enterprise_id: UUID, facts: tuple[str, str, str, str, int, int], scene: Scene
) -> None:
    name, number, iban, code, price, ceiling = facts
    service = session.scalars(select(Service).where(Service.code == code)).one()
    contractor = workforce.register_contractor(
        session, bin=number, name=name, address="Бейнеу ауылы", iban=iban, bic="HSBKKZKX"
    )
    contract = contractors.sign_contractor_contract(
        session,
        contractor.id,
        enterprise_id=enterprise_id,
        signed_on=scene.begins - timedelta(days=9),
        starts_on=scene.begins,
        ends_on=_next_year(scene),
        ceiling=Money.tenge(ceiling),
        prices={service.id: Money.tenge(price)},
    )
    if code == "GRADING":
        contractors.add_supplement(
            session,
            contract.id,
            number="1",
            signed_on=scene.months[1].first_day,
            valid_from=scene.months[2].first_day,
            prices={service.id: Money.tenge(price + 800)},
        )


def _next_year(scene: Scene) -> date:
    return date(scene.today.year + 1, 12, 31)
