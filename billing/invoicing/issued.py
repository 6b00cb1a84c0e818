"""Invoices and lines as they are issued: rows in the order of their columns, ready to be written.

A village's invoices are thousands of rows that nobody changes. Objects that the session keeps books of would
cost more than all the rest of issuing them.
"""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from billing.catalog.models import Unit
from billing.invoicing.drafts import DraftLine
from billing.kernel.dates import Month
from billing.kernel.ids import new_id
from billing.kernel.money import Money


class IssuedInvoice(NamedTuple):
    """A row of ``invoice``."""

    district_id: int
    id: UUID
    enterprise_id: UUID
    year: int
    number: int
    customer_id: UUID
    contract_id: UUID | None
    issued_on: date
    due_on: date
    period: Month | None
    total: Money
    vat: Money
    facts: dict[str, Any]
    recorded_by: UUID | None


class IssuedLine(NamedTuple):
    """A row of ``invoice_line``."""

    district_id: int
    id: UUID
    invoice_id: UUID
    position: int
    service_id: UUID
    tariff_id: UUID
    act_id: UUID | None
    charge_id: UUID | None
    period: Month | None
    supplied_on: date
    service_code: str
    name_kk: str
    name_ru: str
    name_en: str
    unit: Unit
    quantity: Decimal
    unit_price: Money
    amount: Money
    benefit: Money
    benefit_id: UUID | None
    total: Money
    vat_rate_bp: int | None
    vat: Money
    revenue_code: str

    @classmethod
    def of(cls, invoice: IssuedInvoice, position: int, line: DraftLine) -> "IssuedLine":
        """A drafted line on its invoice, with all that it says copied."""
        service = line.service
        return cls(
            district_id=invoice.district_id,
            id=new_id(),
            invoice_id=invoice.id,
            position=position,
            service_id=service.id,
            tariff_id=line.tariff_id,
            act_id=line.act_id,
            charge_id=line.charge_id,
            period=line.period,
            supplied_on=line.supplied_on,
            service_code=service.code,
            name_kk=service.name_kk,
            name_ru=service.name_ru,
            name_en=service.name_en,
            unit=line.unit,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            benefit=line.benefit,
            benefit_id=line.benefit_id,
            total=line.total,
            vat_rate_bp=line.vat_rate_bp,
            vat=line.vat,
            revenue_code=service.revenue_code,
        )


Issued = tuple[IssuedInvoice, list[IssuedLine]]
