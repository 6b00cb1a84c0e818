"""What the districts' services refuse."""

from billing.kernel.errors import InvalidInput, RuleViolation


class PlaceNotRuralDistrict(RuleViolation):
    """Only a place of the level of rural districts is opened. Facts: ``kato_code``, ``field``."""

    code = "place_not_rural_district"


class VatRegistrationsOverlap(RuleViolation):
    """Registered for VAT on some of these days already. Facts: ``valid_from``, ``valid_to``."""

    code = "vat_registrations_overlap"


class VatRegistrationEnded(RuleViolation):
    """An ended registration keeps its end. Facts: ``valid_to``."""

    code = "vat_registration_ended"


class NoPrimaryAccount(RuleViolation):
    """The enterprise has no primary bank account to print on its papers. Facts: ``enterprise_id``."""

    code = "no_primary_account"


class InvalidHours(InvalidInput):
    """Hours end before they begin, or overlap with others of the day. Facts: ``field``, ``weekday``."""

    code = "invalid_hours"


class InvalidPaymentTerm(InvalidInput):
    """The days to pay are 0 to ``days_max``. Facts: ``field``, ``days_max``."""

    code = "invalid_payment_term"
