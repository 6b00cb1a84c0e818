"""What the catalogue's services refuse."""

from billing.kernel.errors import InvalidInput, RuleViolation


class PriceNotPositive(InvalidInput):
    """A tariff's price is above zero. Facts: ``field``."""

    code = "price_not_positive"


class InvalidCode(InvalidInput):
    """A code is letters, digits, hyphens, dots and underscores. Facts: ``field``, ``length_max``."""

    code = "invalid_code"


class UnknownRevenueCode(InvalidInput):
    """The budget classification has no such code, so no fee could be taken. Facts: ``field``, ``value``."""

    code = "unknown_revenue_code"


class InvalidPercent(InvalidInput):
    """A share is of 0 to 100 %, more than 0 where it takes something off. Facts: ``field``."""

    code = "invalid_percent"


class BenefitNeedsPercentOrSum(InvalidInput):
    """One by percent has a percentage alone, one by sum an amount above zero alone. Facts: ``field``."""

    code = "benefit_needs_percent_or_sum"


class ServiceInactive(RuleViolation):
    """The service was taken out of the catalogue: no new orders, charges or tariffs. Facts: ``service``."""

    code = "service_inactive"


class NoTariff(RuleViolation):
    """No price is set for the service, payer category and day. Facts: ``service``, ``category``, ``day``."""

    code = "no_tariff"


class TariffUsed(RuleViolation):
    """Acts or invoices were priced with the tariff; it stays. Facts: ``valid_from``."""

    code = "tariff_used"


class NoVatRate(RuleViolation):
    """No VAT rate is known for so early a day. Facts: ``day``."""

    code = "no_vat_rate"


class BenefitsOverlap(RuleViolation):
    """The code holds on some of these days. Facts: ``benefit``, ``valid_from``, ``valid_to``."""

    code = "benefits_overlap"


class BenefitEnded(RuleViolation):
    """The benefit has ended by then already. Facts: ``benefit``, ``valid_to``."""

    code = "benefit_ended"
