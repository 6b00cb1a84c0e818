"""What an act says about its parties, frozen at completion: names, addresses, who signs, the contract."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory, Service
from billing.customers.models import Customer
from billing.customers.service import get_contract, get_customer
from billing.districts.models import Enterprise, KatoPlace, Signatory, SignatoryRole
from billing.districts.service import get_enterprise, get_place, signatories_on
from billing.kernel.identifiers import is_iin
from billing.orders.models import ServiceOrder


def act_facts(session: Session, order: ServiceOrder, service: Service, day: date) -> dict[str, Any]:
    """Everything an act says that could change later, as it is kept with it (JSON).

    Args:
        day: of completion; whoever signs for the enterprise then signs the act.
    """
    enterprise = get_enterprise(session, order.enterprise_id)
    customer = get_customer(session, order.customer_id)
    contract = get_contract(session, order.contract_id) if order.contract_id is not None else None
    return {
        "executor": enterprise_facts(enterprise),
        "signatory": signatory_facts(signatories_on(session, enterprise.id, day).get(SignatoryRole.HEAD)),
        "customer": customer_at_home(session, customer),
        "service": {
            "code": service.code,
            "name_kk": service.name_kk,
            "name_ru": service.name_ru,
            "name_en": service.name_en,
        },
        "contract": (
            {"number": contract.number, "signed_on": contract.signed_on.isoformat()}
            if contract is not None
            else None
        ),
        "place": order.place,
    }


def enterprise_facts(enterprise: Enterprise) -> dict[str, Any]:
    """The enterprise as a party of a document."""
    return {
        "bin": enterprise.bin,
        "name_kk": enterprise.name_kk,
        "name_ru": enterprise.name_ru,
        "address_kk": enterprise.address_kk,
        "address_ru": enterprise.address_ru,
        "phone": enterprise.phone,
    }


def signatory_facts(signatory: Signatory | None) -> dict[str, Any] | None:
    """Who signs; None where nobody was appointed."""
    if signatory is None:
        return None
    return {
        "name": signatory.name,
        "position_kk": signatory.position_kk,
        "position_ru": signatory.position_ru,
    }


def customer_at_home(session: Session, customer: Customer) -> dict[str, Any]:
    """The customer as a party of a document, with the settlement of the address looked up."""
    place = get_place(session, customer.place_code) if customer.place_code is not None else None
    return customer_facts(customer, place)


def customer_facts(customer: Customer, place: KatoPlace | None) -> dict[str, Any]:
    """The customer as a party of a document; ``place`` is the settlement of the address."""
    street = " ".join(part for part in (customer.street, customer.house) if part)
    if customer.flat:
        street = f"{street}-{customer.flat}"

    def address(place_name: str | None) -> str:
        return ", ".join(part for part in (place_name, street) if part)

    return {
        "iin_bin": customer.iin_bin,
        # A sole entrepreneur's number is an IIN too, whatever tariff he pays.
        "is_person": customer.category == PayerCategory.RESIDENT or is_iin(customer.iin_bin or ""),
        "name": customer.name,
        "account_number": customer.account_number,
        "language": customer.language.value,
        "address_kk": address((place.name_kk or place.name_ru) if place is not None else None),
        "address_ru": address(place.name_ru if place is not None else None),
    }
