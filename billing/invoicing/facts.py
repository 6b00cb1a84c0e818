"""What an invoice says about its parties, frozen at issue: names, addresses, bank, the account's state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.customers.account_links import link_serials
from billing.customers.models import Customer
from billing.districts.bank_accounts import primary_account
from billing.districts.models import BankAccount, Enterprise, KatoPlace, Signatory, SignatoryRole
from billing.districts.signatories import signatories_on
from billing.invoicing.account_block import AccountBlock, account_blocks
from billing.invoicing.drafts import Draft
from billing.kernel.bulk import among
from billing.kernel.money import total
from billing.orders.facts import customer_facts, enterprise_facts, signatory_facts


@dataclass(frozen=True, slots=True)
class Facts:
    """What is copied into one customer's invoice; ``place`` is the settlement of his address.

    Attributes:
        shared: what all invoices of the enterprise say on that day.
        link_serial: of the link to his account page that the invoice carries.
    """

    shared: Mapping[str, Any]
    customer: Customer
    payer: Customer | None
    place: KatoPlace | None
    account: AccountBlock
    link_serial: int

    @property
    def payer_id(self) -> UUID | None:
        """Another customer who pays; None where the customer pays himself."""
        return self.payer.id if self.payer is not None else None

    def stored(self, draft: Draft) -> dict[str, Any]:
        """The facts as they are kept with the invoice (JSON); sums are whole tiyn."""
        return {
            **self.shared,
            "buyer": customer_facts(self.customer, self.place),
            "payer": customer_facts(self.payer, None) if self.payer is not None else None,
            "contract": (
                {"number": draft.contract.number, "signed_on": draft.contract.signed_on.isoformat()}
                if draft.contract is not None
                else None
            ),
            "knp": draft.lines[0].service.knp,
            "account": {
                "number": self.customer.account_number,
                "link_serial": self.link_serial,
                **self.account.stored(),
            },
        }


def _shared(enterprise: Enterprise, bank: BankAccount, head: Signatory | None) -> dict[str, Any]:
    return {
        "supplier": enterprise_facts(enterprise),
        "bank": {
            "iban": bank.iban,
            "bic": bank.bic,
            "kbe": bank.kbe,
            "name_kk": bank.bank_name_kk,
            "name_ru": bank.bank_name_ru,
        },
        "executor": signatory_facts(head),
    }


def freeze(
    session: Session, enterprise: Enterprise, drafts: Sequence[Draft], issued_on: date
) -> dict[UUID, Facts]:
    """The facts of every draft's customer, in a handful of queries whatever their number.

    Raises:
        NoPrimaryAccount: the enterprise has no bank account to print.
    """
    bank = primary_account(session, enterprise.id)
    head = signatories_on(session, enterprise.id, issued_on).get(SignatoryRole.HEAD)
    shared = _shared(enterprise, bank, head)
    ids = [draft.customer_id for draft in drafts]
    people = {
        customer.id: customer
        for customer in session.scalars(
            select(Customer)
            .where(
                or_(
                    among(session, Customer.id, ids),
                    Customer.id.in_(select(Customer.payer_id).where(among(session, Customer.id, ids))),
                )
            )
            # As they are under the lock, whatever the session knew of them before.
            .execution_options(populate_existing=True)
        )
    }
    codes = {customer.place_code for customer in people.values() if customer.place_code is not None}
    places = {
        place.code: place for place in session.scalars(select(KatoPlace).where(KatoPlace.code.in_(codes)))
    }
    new = {
        draft.customer_id: (total(x.amount for x in draft.lines), total(x.benefit for x in draft.lines))
        for draft in drafts
    }
    accounts = account_blocks(session, enterprise.id, new, issued_on)
    serials = link_serials(session, ids)
    return {
        customer_id: Facts(
            shared=shared,
            customer=people[customer_id],
            payer=_payer_of(people[customer_id], people),
            place=places.get(people[customer_id].place_code or ""),
            account=accounts[customer_id],
            link_serial=serials[customer_id],
        )
        for customer_id in ids
    }


def _payer_of(customer: Customer, people: Mapping[UUID, Customer]) -> Customer | None:
    return people[customer.payer_id] if customer.payer_id is not None else None
