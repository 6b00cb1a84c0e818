"""Prints the slip with the code to log in. It is kept nowhere: whoever loses it gets another code."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.customers.contracts import get_contract
from billing.customers.service import get_customer
from billing.districts.service import get_enterprise
from billing.kernel.shown import Language
from invoices import access_slip
from invoices.values import ContractReference, LocalText, Party


def render_access_slip(
    session: Session, contract_id: UUID, code: str, *, address: str, made_on: date
) -> bytes:
    """The slip that is handed over with a contract.

    Args:
        code: as it was made just now.
        address: of the page on which residents log in.
    """
    contract = get_contract(session, contract_id)
    customer = get_customer(session, contract.customer_id)
    enterprise = get_enterprise(session, contract.enterprise_id)
    document = access_slip.AccessSlipDocument(
        made_on=made_on,
        organisation=Party(name=LocalText(enterprise.name_kk, enterprise.name_ru), tax_id=enterprise.bin),
        customer=LocalText.same(customer.name),
        contract=ContractReference(contract.number, contract.signed_on),
        account_number=customer.account_number,
        code=code,
        address=address,
        # Whoever asked for papers in English reads them so; all others get both of the country's languages.
        languages=("en",) if customer.language is Language.EN else ("kk", "ru"),
    )
    return access_slip.render(document)
