"""What the services of customers and contracts refuse."""

from billing.kernel.errors import InvalidInput, RuleViolation


class PayerChain(RuleViolation):
    """A payer pays for himself, and who has another payer pays for nobody. Facts: ``payer``, ``field``."""

    code = "payer_chain"


class CustomerInactive(RuleViolation):
    """The customer was taken off the books: no contracts, benefits or orders. Facts: ``customer``."""

    code = "customer_inactive"


class CustomerHasContracts(RuleViolation):
    """Contracts are open on the day the customer is taken off. Facts: ``customer``, ``contracts``."""

    code = "customer_has_contracts"


class CustomerHasDebt(RuleViolation):
    """The customer still owes for invoices. Facts: ``customer``, ``debt``."""

    code = "customer_has_debt"


class CustomerPaysForOthers(RuleViolation):
    """Other customers' invoices go to this one. Facts: ``customer``, ``customers``."""

    code = "customer_pays_for_others"


class BenefitGrantsOverlap(RuleViolation):
    """The benefit is held on some of these days. Facts: ``benefit``, ``valid_from``, ``valid_to``."""

    code = "benefit_grants_overlap"


class BenefitGrantEnded(RuleViolation):
    """The customer's benefit has ended by then already. Facts: ``valid_to``."""

    code = "benefit_grant_ended"


class ContractEnded(RuleViolation):
    """The day lies after the contract's term. Facts: ``contract``, ``day``, ``last_day``."""

    code = "contract_ended"


class ContractNotStarted(RuleViolation):
    """The day lies before the contract's term. Facts: ``contract``, ``day``, ``starts_on``."""

    code = "contract_not_started"


class ContractAlreadyEnded(RuleViolation):
    """A contract is ended once. Facts: ``contract``, ``ended_on``."""

    code = "contract_already_ended"


class ServiceOfAnotherEnterprise(RuleViolation):
    """The contract is with another enterprise than the service's. Facts: ``service``, ``contract``."""

    code = "service_of_another_enterprise"


class ChargesOverlap(RuleViolation):
    """The service is charged in some of these months. Facts: ``service``, ``valid_from``, ``valid_to``."""

    code = "charges_overlap"


class ChargeEnded(RuleViolation):
    """The charge has ended by then already. Facts: ``valid_to``."""

    code = "charge_ended"


class InvalidSeason(InvalidInput):
    """Months of a season run from 1 to 12. Facts: ``field``."""

    code = "invalid_season"


class AccountLinkRevoked(RuleViolation):
    """The link was revoked: whoever may see the account has a newer one. Facts: ``account_number``."""

    code = "account_link_revoked"
