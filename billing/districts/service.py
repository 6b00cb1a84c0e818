"""Rural districts and their communal enterprises, and everything of the files beside under one name."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.districts.bank_accounts import (
    add_bank_account,
    list_bank_accounts,
    make_primary,
    primary_account,
)
from billing.districts.kato import is_rural_district
from billing.districts.models import District, Enterprise, EnterpriseForm
from billing.districts.numbering import take_account_serials, take_numbers
from billing.districts.places import get_place, import_places, list_places
from billing.districts.refusals import InvalidPaymentTerm, PlaceNotRuralDistrict
from billing.districts.signatories import appoint_signatory, list_signatories, signatories_on
from billing.districts.vat import end_vat, list_vat_registrations, register_vat, vat_registered
from billing.kernel.checks import at_field, email_or_none, line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, NotFound
from billing.kernel.identifiers import check_bin, check_phone, mask_iin
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row

__all__ = [
    "add_bank_account",
    "appoint_signatory",
    "current_district",
    "edit_enterprise",
    "end_vat",
    "get_district",
    "get_enterprise",
    "get_place",
    "import_places",
    "list_bank_accounts",
    "list_districts",
    "list_enterprises",
    "list_places",
    "list_signatories",
    "list_vat_registrations",
    "make_primary",
    "open_district",
    "primary_account",
    "register_enterprise",
    "register_vat",
    "signatories_on",
    "take_account_serials",
    "take_numbers",
    "vat_registered",
]

DISTRICT_SORTS: Sorts = {"id": [District.id], "name": [District.name_kk, District.id]}
ENTERPRISE_SORTS: Sorts = {"name": [Enterprise.name_kk, Enterprise.id], "id": [Enterprise.id]}
PAYMENT_TERM_DAYS = 20
PAYMENT_TERM_DAYS_MAX = 365


def open_district(
    session: Session, *, kato_code: str, name_kk: str, name_ru: str, district_id: int | None = None
) -> District:
    """Open a rural district: a tenant of its own. Region-wide work; its first user is made elsewhere.

    Args:
        kato_code: of a place on the level of rural districts, which must be known.
        district_id: leads every key of the district's rows; the next free one if not given.

    Raises:
        NotFound: the classifier taken in has no such place.
        PlaceNotRuralDistrict: the place is a region, a district or a single settlement.
        AlreadyExists: the place has its district already, or the number is taken.
    """
    place = get_place(session, kato_code)
    if not is_rural_district(place.code):
        raise PlaceNotRuralDistrict(kato_code=kato_code, field="kato_code")
    if session.scalar(select(District.id).where(District.kato_code == kato_code)) is not None:
        raise AlreadyExists(kind="district", field="kato_code", value=kato_code)
    if district_id is not None and session.get(District, district_id) is not None:
        raise AlreadyExists(kind="district", field="district_id", value=district_id)
    district = District(
        id=district_id or (session.scalar(select(func.max(District.id))) or 0) + 1,
        kato_code=place.code,
        name_kk=line(name_kk, field="name_kk", length_max=200),
        name_ru=line(name_ru, field="name_ru", length_max=200),
    )
    session.add(district)
    session.flush()
    return district


def get_district(session: Session, district_id: int) -> District:
    """The district with this number.

    Raises:
        NotFound: there is none.
    """
    district = session.get(District, district_id)
    if district is None:
        raise NotFound(kind="district", id=district_id)
    return district


def current_district(session: Session) -> District:
    """The district the session works in."""
    return get_district(session, district_of(session))


def list_districts(session: Session, page: PageRequest = FIRST_PAGE) -> Page[District]:
    """All districts, in pages."""
    return page_of(session, select(District), DISTRICT_SORTS, page)


def register_enterprise(
    session: Session,
    *,
    bin: str,  # noqa: A002 - the identifier is called so
    form: EnterpriseForm,
    name_kk: str,
    name_ru: str,
    address_kk: str,
    address_ru: str,
    phone: str | None = None,
    email: str | None = None,
    payment_term_days: int = PAYMENT_TERM_DAYS,
) -> Enterprise:
    """Register the enterprise that delivers services in the district. Its book is opened by the ledger.

    Args:
        payment_term_days: from an invoice's date to the day it is due.

    Raises:
        InvalidBIN, InvalidPhone, InvalidText, InvalidPaymentTerm: a value of the wrong form.
        AlreadyExists: an enterprise with this BIN is registered in the district.
    """
    with at_field("bin"):
        bin_checked = check_bin(bin)
    if session.scalar(select(Enterprise.id).where(Enterprise.bin == bin_checked)) is not None:
        raise AlreadyExists(kind="enterprise", field="bin", value=mask_iin(bin_checked))
    enterprise = Enterprise(district_id=district_of(session), bin=bin_checked, form=form)
    _describe(
        enterprise,
        texts={"name_kk": name_kk, "name_ru": name_ru, "address_kk": address_kk, "address_ru": address_ru},
        phone=phone,
        email=email,
        payment_term_days=payment_term_days,
    )
    session.add(enterprise)
    session.flush()
    return enterprise


def edit_enterprise(
    session: Session,
    enterprise_id: UUID,
    *,
    version: int | None,
    name_kk: str,
    name_ru: str,
    address_kk: str,
    address_ru: str,
    phone: str | None,
    email: str | None,
    payment_term_days: int,
) -> Enterprise:
    """Change what may change of an enterprise; BIN and form stay. Issued papers keep what they said.

    Raises:
        NotFound, StaleVersion: no such enterprise, or somebody edited it meanwhile.
        InvalidPhone, InvalidText, InvalidPaymentTerm: a value of the wrong form.
    """
    enterprise = get_enterprise(session, enterprise_id, lock=True)
    check_version(enterprise, version, kind="enterprise")
    _describe(
        enterprise,
        texts={"name_kk": name_kk, "name_ru": name_ru, "address_kk": address_kk, "address_ru": address_ru},
        phone=phone,
        email=email,
        payment_term_days=payment_term_days,
    )
    session.flush()
    return enterprise


def _describe(
    enterprise: Enterprise,
    *,
    texts: Mapping[str, str],
    phone: str | None,
    email: str | None,
    payment_term_days: int,
) -> None:
    if not 0 <= payment_term_days <= PAYMENT_TERM_DAYS_MAX:
        raise InvalidPaymentTerm(field="payment_term_days", days_max=PAYMENT_TERM_DAYS_MAX)
    checked = {field: line(text, field=field, length_max=300) for field, text in texts.items()}
    with at_field("phone"):
        phone = check_phone(phone) if phone else None
    email = email_or_none(email)
    for field, text in checked.items():
        setattr(enterprise, field, text)
    enterprise.phone, enterprise.email, enterprise.payment_term_days = phone, email, payment_term_days


def get_enterprise(session: Session, enterprise_id: UUID, lock: bool = False) -> Enterprise:
    """The enterprise with this id; ``lock`` holds its row until the end of the transaction.

    Raises:
        NotFound: the current district has none such.
    """
    return get_row(session, Enterprise, enterprise_id, kind="enterprise", lock=lock)


def list_enterprises(session: Session, page: PageRequest = FIRST_PAGE) -> Page[Enterprise]:
    """The district's enterprises, in pages."""
    return page_of(session, select(Enterprise), ENTERPRISE_SORTS, page)
