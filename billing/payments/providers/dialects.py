"""The two dialects of the check/pay protocol: what fields are called, and which code says what.

Code 1 is "not found" to Kaspi and "try again later" to OSMP: whoever mixed them up would have a provider
repeat a wrong account for days, or tell a resident that his account is gone because we were busy.
"""

from collections.abc import Mapping

from billing.payments.providers.models import AnswerFormat, CallOutcome, ProviderDialect

REQUEST_FIELDS = ("command", "txn_id", "txn_date", "account", "sum")
ANSWER_FIELDS = ("answer_txn_id", "answer_provider_txn", "answer_sum", "answer_result", "answer_comment")
FIELDS = (*REQUEST_FIELDS, *ANSWER_FIELDS)

_NAMES = {name: name for name in REQUEST_FIELDS} | {
    "answer_txn_id": "txn_id",
    "answer_provider_txn": "prv_txn",
    "answer_sum": "sum",
    "answer_result": "result",
    "answer_comment": "comment",
}
_KASPI_OTHER = 5
_OSMP_OTHER = 300
_CODES: Mapping[ProviderDialect, Mapping[CallOutcome, int]] = {
    ProviderDialect.KASPI: {
        CallOutcome.ACCEPTED: 0,
        CallOutcome.WRONG_ACCOUNT: 1,
        CallOutcome.UNKNOWN_ACCOUNT: 1,
        CallOutcome.CANCELLED: 2,
        # "Being processed" makes it ask again; any other code would be final.
        CallOutcome.BUSY: 4,
        CallOutcome.UNFINISHED: 4,
    },
    ProviderDialect.OSMP: {
        CallOutcome.ACCEPTED: 0,
        CallOutcome.BUSY: 1,
        CallOutcome.WRONG_ACCOUNT: 4,
        CallOutcome.UNKNOWN_ACCOUNT: 5,
        CallOutcome.PROVIDER_CLOSED: 7,
        CallOutcome.NOT_BOOKABLE: 8,
        CallOutcome.ACCOUNT_CLOSED: 79,
        CallOutcome.UNFINISHED: 90,
        CallOutcome.SUM_TOO_SMALL: 241,
        CallOutcome.SUM_TOO_LARGE: 242,
        CallOutcome.UNCHECKED: 243,
    },
}
_OTHER = {ProviderDialect.KASPI: _KASPI_OTHER, ProviderDialect.OSMP: _OSMP_OTHER}


def code_of(dialect: ProviderDialect, outcome: CallOutcome) -> int:
    """The dialect's code for an outcome; its "other error" where it has none of its own."""
    return _CODES[dialect].get(outcome, _OTHER[dialect])


def names_of(
    dialect: ProviderDialect, answer_format: AnswerFormat, told: Mapping[str, str]
) -> dict[str, str]:
    """What each of ``FIELDS`` is called: as told, or as the dialect has it."""
    own = dict(_NAMES)
    if dialect is ProviderDialect.OSMP:
        own["answer_txn_id"] = "osmp_txn_id"
    elif answer_format is AnswerFormat.JSON:
        own["answer_provider_txn"] = "prv_txn_id"
    return {**own, **told}
