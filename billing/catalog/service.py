"""The catalogue of services; tariffs, VAT and benefits of the files beside are under the same name."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.catalog.benefits import (
    benefit_amount,
    benefit_holds,
    best_benefit,
    define_benefit,
    end_benefit,
    get_benefit,
    list_benefits,
)
from billing.catalog.codes import check_code
from billing.catalog.models import Service, Unit, VatCategory
from billing.catalog.refusals import NoTariff, ServiceInactive, UnknownRevenueCode
from billing.catalog.tariffs import (
    get_tariff,
    list_tariffs,
    price_on,
    prices_on,
    set_tariff,
    withdraw_tariff,
)
from billing.catalog.taxes import add_vat_rate, list_vat_rates, vat_for, vat_rate_on
from billing.districts.models import Enterprise
from billing.kernel.alphabet import fold
from billing.kernel.checks import at_field, line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists
from billing.kernel.identifiers import check_kbk, check_knp
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row

__all__ = [
    "NoTariff",
    "ServiceInactive",
    "UnknownRevenueCode",
    "add_vat_rate",
    "benefit_amount",
    "benefit_holds",
    "best_benefit",
    "check_service_active",
    "deactivate_service",
    "define_benefit",
    "define_service",
    "edit_service",
    "end_benefit",
    "find_service",
    "get_benefit",
    "get_service",
    "get_tariff",
    "list_benefits",
    "list_services",
    "list_tariffs",
    "list_vat_rates",
    "price_on",
    "prices_on",
    "reactivate_service",
    "set_tariff",
    "vat_for",
    "vat_rate_on",
    "withdraw_tariff",
]

KNP_OTHER_SERVICES = "859"
SEARCH_WORDS_MAX = 5
SORTS: Sorts = {"code": [Service.code, Service.id], "id": [Service.id]}


def define_service(
    session: Session,
    enterprise_id: UUID,
    *,
    code: str,
    name_kk: str,
    name_ru: str,
    name_en: str,
    unit: Unit,
    revenue_code: str,
    knp: str = KNP_OTHER_SERVICES,
    vat_category: VatCategory = VatCategory.STANDARD,
) -> Service:
    """Enter a service into the enterprise's catalogue. It costs nothing until a tariff is set.

    Args:
        revenue_code: budget classification of the fee, six digits.
        knp: the payment purpose code printed on its invoices.

    Raises:
        NotFound: no such enterprise.
        InvalidCode, InvalidText, InvalidKNP, InvalidKBK: a value of the wrong form.
        UnknownRevenueCode: the budget classification has no such code in any year.
        AlreadyExists: the enterprise has a service with this code.
    """
    enterprise = get_row(session, Enterprise, enterprise_id, kind="enterprise")
    code = check_code(code, length_max=20)
    if find_service(session, enterprise.id, code) is not None:
        raise AlreadyExists(kind="service", field="code", value=code)
    service = Service(district_id=district_of(session), enterprise_id=enterprise.id, code=code, unit=unit)
    names = {"name_kk": name_kk, "name_ru": name_ru, "name_en": name_en}
    revenue_code = _check_revenue_code(session, revenue_code)
    _describe(service, names, knp, revenue_code, vat_category)
    session.add(service)
    session.flush()
    return service


def edit_service(
    session: Session,
    service_id: UUID,
    *,
    version: int | None,
    name_kk: str,
    name_ru: str,
    name_en: str,
    revenue_code: str,
    knp: str,
    vat_category: VatCategory,
) -> Service:
    """Change what may change of a service. Code and unit stay: tariffs and acts mean that unit.

    Raises:
        NotFound, StaleVersion: no such service, or somebody edited it meanwhile.
        InvalidText, InvalidKNP, InvalidKBK: a value of the wrong form.
        UnknownRevenueCode: the budget classification has no such code in any year.
    """
    service = get_service(session, service_id, lock=True)
    check_version(service, version, kind="service")
    names = {"name_kk": name_kk, "name_ru": name_ru, "name_en": name_en}
    revenue_code = _check_revenue_code(session, revenue_code)
    _describe(service, names, knp, revenue_code, vat_category)
    session.flush()
    return service


def _describe(
    service: Service, names: Mapping[str, str], knp: str, revenue_code: str, vat_category: VatCategory
) -> None:
    checked = {field: line(text, field=field, length_max=300) for field, text in names.items()}
    with at_field("knp"):
        knp = check_knp(knp)
    for field, text in checked.items():
        setattr(service, field, text)
    service.name_folded = fold(" ".join(checked.values()))
    service.knp, service.revenue_code, service.vat_category = knp, revenue_code, vat_category


def _check_revenue_code(session: Session, revenue_code: str) -> str:
    with at_field("revenue_code"):
        revenue_code = check_kbk(revenue_code)
    # Now rather than at the till: a fee of an unknown code cannot be posted, so nobody could pay it.
    if not budget.knows_code(session, revenue_code):
        raise UnknownRevenueCode(field="revenue_code", value=revenue_code)
    return revenue_code


def deactivate_service(session: Session, service_id: UUID, *, version: int | None = None) -> Service:
    """Take a service out of the catalogue: no new orders, charges or tariffs. What is under way goes on.

    Raises:
        NotFound, StaleVersion: no such service, or somebody edited it meanwhile.
    """
    return _set_active(session, service_id, version, active=False)


def reactivate_service(session: Session, service_id: UUID, *, version: int | None = None) -> Service:
    """Put a service back into the catalogue.

    Raises:
        NotFound, StaleVersion: no such service, or somebody edited it meanwhile.
    """
    return _set_active(session, service_id, version, active=True)


def _set_active(session: Session, service_id: UUID, version: int | None, *, active: bool) -> Service:
    service = get_service(session, service_id, lock=True)
    check_version(service, version, kind="service")
    service.is_active = active
    session.flush()
    return service


def get_service(session: Session, service_id: UUID, lock: bool = False) -> Service:
    """The service with this id.

    Raises:
        NotFound: no such service in the district.
    """
    return get_row(session, Service, service_id, kind="service", lock=lock)


def check_service_active(session: Session, service_id: UUID) -> Service:
    """The service, if new orders and charges may name it.

    Raises:
        NotFound: no such service in the district.
        ServiceInactive: it was taken out of the catalogue.
    """
    service = get_service(session, service_id)
    if not service.is_active:
        raise ServiceInactive(service=service.code)
    return service


def find_service(session: Session, enterprise_id: UUID, code: str) -> Service | None:
    """The enterprise's service with this code, in whatever case it is written."""
    return session.scalar(
        select(Service).where(Service.enterprise_id == enterprise_id, Service.code == code.strip().upper())
    )


def list_services(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    enterprise_id: UUID | None = None,
    active: bool | None = None,
    search: str | None = None,
) -> Page[Service]:
    """Services by code, in pages.

    Args:
        search: the code's beginning, or words of a name in any language, Kazakh letters or not.
    """
    statement = select(Service)
    if enterprise_id is not None:
        statement = statement.where(Service.enterprise_id == enterprise_id)
    if active is not None:
        statement = statement.where(Service.is_active.is_(active))
    for word in fold(search or "").split()[:SEARCH_WORDS_MAX]:
        statement = statement.where(
            or_(
                Service.name_folded.contains(word, autoescape=True),
                Service.code.startswith(word.upper(), autoescape=True),
            )
        )
    return page_of(session, statement, SORTS, page)
