"""Payment providers: agreements, what they tell, and what a person has to settle, under one name."""

from billing.payments.providers.agreements import (
    Agreement,
    InvalidAgreement,
    InvalidProviderCode,
    add_provider,
    close_provider,
    commission_of,
    edit_provider,
    find_provider,
    get_provider,
    get_provider_by_code,
    knows_secret,
    list_providers,
    renew_secret,
    reopen_provider,
)
from billing.payments.providers.incidents import (
    IncidentResolved,
    get_incident,
    list_incidents,
    note_incident,
    resolve_incident,
)
from billing.payments.providers.paying import check, pay
from billing.payments.providers.registry import (
    Told,
    TransactionContradicts,
    cancel,
    list_transactions,
    record_late,
    take_back,
)

__all__ = [
    "Agreement",
    "IncidentResolved",
    "InvalidAgreement",
    "InvalidProviderCode",
    "Told",
    "TransactionContradicts",
    "add_provider",
    "cancel",
    "check",
    "close_provider",
    "commission_of",
    "edit_provider",
    "find_provider",
    "get_incident",
    "get_provider",
    "get_provider_by_code",
    "knows_secret",
    "list_incidents",
    "list_providers",
    "list_transactions",
    "note_incident",
    "pay",
    "record_late",
    "renew_secret",
    "reopen_provider",
    "resolve_incident",
    "take_back",
]
