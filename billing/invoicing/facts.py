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
from billing.kernel.money import total
from billing.orders.facts import customer_facts, enterprise_facts, signatory_facts


@dataclass(frozen=True, slots=True)
class Facts:
    """What is copied into one customer's invoice; ``place`` is the settlement of his address.

    Attributes:
        link_serial: of the link to his account page that the invoice carries.
    """

    enterprise: Enterprise
    bank: BankAccount
    head: Signatory | None
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
            "supplier": enterprise_facts(self.enterprise),
            "bank": {
                "iban": self.bank.iban,
                "bic": self.bank.bic,
                "kbe": self.bank.kbe,
                "name_kk": self.bank.bank_name_kk,
                "name_ru": self.bank.bank_name_ru,
            },
            "executor": signatory_facts(self.head),
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


def freeze(
    session: Session, enterprise: Enterprise, drafts: Sequence[Draft], issued_on: date
) -> dict[UUID, Facts]:
    """The facts of every draft's customer, in a handful of queries whatever their number.

    Raises:
        NoPrimaryAccount: the enterprise has no bank account to print.
    """
    bank = primary_account(session, enterprise.id)
    head = signatories_on(session, enterprise.id, issued_on).get(SignatoryRole.HEAD)
    ids = [draft.customer_id for draft in drafts]
    people = {
        customer.id: customer
        for customer in session.scalars(
            select(Customer).where(
                or_(
                    Customer.id.in_(ids),
                    Customer.id.in_(select(Customer.payer_id).where(Customer.id.in_(ids))),
                )
            )
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
            enterprise=enterprise,
            bank=bank,
            head=head,
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
