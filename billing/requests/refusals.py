"""What is refused of requests and of decisions about them."""

from billing.kernel.errors import Conflict, RuleViolation


class RequestDecided(Conflict):
    """There is a decision about it already. Facts: ``outcome``, ``decided_on``."""

    code = "request_decided"


class OutcomeNotForKind(RuleViolation):
    """A problem is answered, all else accepted or declined. Facts: ``outcome``, ``wanted``."""

    code = "outcome_not_for_kind"


class TooManyWaiting(RuleViolation):
    """The resident waits for answers to so many requests already. Facts: ``waiting_max``."""

    code = "too_many_waiting"


class NothingToChange(RuleViolation):
    """The contacts asked for are those that are known."""

    code = "nothing_to_change"


class RequestOfAnother(Conflict):
    """The id is another request's."""

    code = "request_of_another"
