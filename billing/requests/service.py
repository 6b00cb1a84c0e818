"""What residents ask for and what is decided about it, under one name."""

from billing.requests.deciding import OUTCOMES, decide_request
from billing.requests.listing import (
    Asked,
    RequestState,
    all_requests,
    get_request,
    list_contact_changes,
    list_requests,
    requests_table,
    wanted_contacts,
)
from billing.requests.submitting import (
    Contacts,
    ask_for_contacts,
    ask_for_service,
    contacts_of,
    report_problem,
)
from billing.requests.terms import WORKING_DAYS_MAX, set_term, terms

__all__ = [
    "OUTCOMES",
    "WORKING_DAYS_MAX",
    "Asked",
    "Contacts",
    "RequestState",
    "all_requests",
    "ask_for_contacts",
    "ask_for_service",
    "contacts_of",
    "decide_request",
    "get_request",
    "list_contact_changes",
    "list_requests",
    "report_problem",
    "requests_table",
    "set_term",
    "terms",
    "wanted_contacts",
]
