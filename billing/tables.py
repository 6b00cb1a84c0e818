"""Every table of the program, imported in one place for migrations and tests."""

from billing.access import models as access
from billing.archive import models as archive
from billing.budget import models as budget
from billing.catalog import models as catalog
from billing.customers import models as customers
from billing.districts import models as districts
from billing.invoicing import models as invoicing
from billing.invoicing.runs import models as runs
from billing.kernel.db import Base
from billing.ledger import models as ledger
from billing.orders import models as orders
from billing.outbox import models as outbox
from billing.payments import models as payments
from billing.payments.cards import models as cards
from billing.payments.providers import models as providers
from billing.payments.receipt_books import models as receipt_books
from billing.receivables import models as receivables
from billing.reconciliation import models as reconciliation
from billing.reconciliation.three_way import models as three_way
from billing.requests import models as requests
from billing.web import models as web
from billing.workforce import models as workforce

SLICES = (
    districts,
    access,
    archive,
    web,
    outbox,
    ledger,
    budget,
    catalog,
    customers,
    workforce,
    orders,
    receivables,
    invoicing,
    runs,
    requests,
    payments,
    providers,
    cards,
    receipt_books,
    reconciliation,
    three_way,
)
metadata = Base.metadata

# Rows that are facts: triggers of both databases refuse to update or delete them.
APPEND_ONLY = (
    "transfer",
    "revenue_line",
    "completion_act",
    "work_done",
    "order_transition",
    "invoice",
    "invoice_line",
    "credit_note",
    "credit_note_line",
    "payment",
    "allocation",
    "refund",
    "payment_reversal",
    "provider_transaction",
    "provider_answer",
    "archived_document",
    "contractor_version",
    "contractor_price",
    "personal_data_access",
    "account_link_revocation",
    "bank_statement",
    "statement_row",
    "statement_match",
    "match_undo",
    "revenue_arrival",
    "billing_run_result",
    "billing_run_invoice",
    "provider_registry",
    "registry_row",
    "day_sign_off",
    "sign_off_undo",
    "resident_request",
    "request_decision",
    "wanted_contact",
    "contact_change",
)
