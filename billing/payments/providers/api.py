"""Payment providers on the wire. The protocol they themselves speak is not here: it has its own address."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import now
from billing.kernel.money import BASIS_POINTS, ZERO
from billing.kernel.paging import Page
from billing.payments.api import MomentField, ReversalOut
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers import agreements, service
from billing.payments.providers.models import (
    AnswerFormat,
    CallOutcome,
    IncidentKind,
    Provider,
    ProviderDialect,
    ProviderIncident,
)
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    FactsField,
    IdField,
    InstantField,
    ListField,
    LocalNames,
    MoneyField,
    NestedField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

KEEPERS = (Role.ACCOUNTANT, Role.ADMIN)

blp = Blueprint(
    "providers", __name__, url_prefix="/api/v1/providers", description="Who takes residents' money."
)


class FieldNames(Schema):
    """How the provider calls its fields, where it differs from its dialect."""

    command = TextField(30)
    txn_id = TextField(30)
    txn_date = TextField(30)
    account = TextField(30)
    sum = TextField(30)
    answer_txn_id = TextField(30)
    answer_provider_txn = TextField(30, metadata={"description": "`prv_txn` or `prv_txn_id`"})
    answer_sum = TextField(30)
    answer_result = TextField(30)
    answer_comment = TextField(30)


class AgreementIn(LocalNames):
    """What is agreed with a provider."""

    bin = TextField(12, required=True, metadata={"description": "of the payer in bank statements"})
    iban = TextField(34, load_default=None, allow_none=True)
    commission_bp = StrictInteger(
        minimum=0,
        maximum=BASIS_POINTS,
        load_default=0,
        metadata={"description": "basis points: 95 is 0.95 %"},
    )
    commission_min = MoneyField(load_default=ZERO, metadata={"description": "of each payment"})
    dialect = EnumField(ProviderDialect, required=True)
    answer_format = EnumField(AnswerFormat, load_default=AnswerFormat.XML)
    field_names = NestedField(FieldNames, load_default=dict)
    sum_min = MoneyField(minimum=agreements.ONE_TIYN, load_default=agreements.ONE_TIYN)
    sum_max = MoneyField(minimum=agreements.ONE_TIYN, load_default=agreements.MILLION_TENGE)
    allowed_addresses = ListField(
        TextField(50),
        items_max=agreements.ADDRESSES_MAX,
        load_default=(),
        metadata={"description": "addresses or networks it calls from; none: from anywhere"},
    )
    certificate_sha256 = TextField(
        95,
        load_default=None,
        allow_none=True,
        metadata={"description": "fingerprint of its client certificate, checked by the proxy before"},
    )
    requests_per_minute_max = StrictInteger(
        minimum=1, maximum=agreements.REQUESTS_PER_MINUTE_MAX, load_default=600
    )
    pay_link = TextField(
        300,
        load_default=None,
        allow_none=True,
        metadata={"examples": ["https://kaspi.kz/pay/auyl?service_id=1&id={account}&amount={sum}"]},
    )


class ProviderIn(AgreementIn):
    """A provider to enter."""

    enterprise_id = IdField(required=True)
    code = TextField(30, required=True, metadata={"description": "the channel of its payments"})


class ProviderOut(LocalNames):
    """A provider; its secret is kept by nobody."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    code = TextField(30, required=True)
    bin = TextField(12, required=True)
    iban = TextField(20, required=True, allow_none=True)
    commission_bp = StrictInteger(required=True)
    commission_min = AmountField(required=True)
    dialect = EnumField(ProviderDialect, required=True)
    answer_format = EnumField(AnswerFormat, required=True)
    field_names = FactsField(required=True)
    sum_min = AmountField(required=True)
    sum_max = AmountField(required=True)
    allowed_addresses = ListField(TextField(50), required=True, dump_only=True)
    certificate_sha256 = TextField(64, required=True, allow_none=True)
    requests_per_minute_max = StrictInteger(required=True)
    pay_link = TextField(300, required=True, allow_none=True)
    is_open = BooleanField(required=True)
    version = StrictInteger(minimum=1, required=True)


class SecretOut(Schema):
    """A provider's secret at the only moment it is shown: its address is ``/pay/<code>/<secret>``."""

    id = IdField(required=True)
    code = TextField(30, required=True)
    secret = TextField(100, required=True)
    version = StrictInteger(minimum=1, required=True)


class IncidentOut(Schema):
    """Something that a person has to settle with a provider."""

    id = IdField(required=True)
    provider_id = IdField(required=True)
    kind = EnumField(IncidentKind, required=True)
    txn_id = TextField(20, required=True, metadata={"description": "the provider's transaction"})
    account = TextField(50, required=True, metadata={"description": "the personal account, as it was told"})
    amount = AmountField(required=True)
    refusal = TextField(
        60,
        required=True,
        allow_none=True,
        metadata={"description": "the code of what kept it from being booked"},
    )
    first_at = InstantField(required=True)
    last_at = InstantField(required=True)
    times = StrictInteger(minimum=1, required=True, metadata={"description": "how often it was told"})
    resolved_at = InstantField(required=True, allow_none=True)
    resolved_by = IdField(required=True, allow_none=True)
    resolution = TextField(300, required=True, allow_none=True)
    version = StrictInteger(minimum=1, required=True)


class IncidentArgs(ListArgs):
    """Which incidents."""

    sort = SortField("last_at")
    provider_id = IdField()
    kind = EnumField(IncidentKind)
    is_resolved = BooleanField()


class ResolutionIn(Schema):
    """What was agreed or done."""

    resolution = TextField(300, required=True)


class TransactionOut(Schema):
    """What a provider told, and what it was answered; null where it was booked from its registry."""

    id = IdField(required=True, attribute="transaction.id")
    txn_id = TextField(20, required=True, attribute="transaction.txn_id")
    account = TextField(50, required=True, attribute="transaction.account")
    amount = AmountField(required=True, attribute="transaction.amount")
    paid_at = InstantField(
        required=True, attribute="transaction.paid_at", metadata={"description": "by the provider's clock"}
    )
    told_at = InstantField(required=True, attribute="transaction.told_at")
    outcome = EnumField(
        CallOutcome, required=True, allow_none=True, attribute="answer.outcome", dump_default=None
    )
    payment_id = IdField(required=True, allow_none=True, attribute="answer.payment_id", dump_default=None)


class TransactionArgs(ListArgs):
    """Which transactions of the provider."""

    sort = SortField("id")
    txn_id = TextField(20, pattern="[0-9]+")


class LateIn(Schema):
    """A payment of the provider's registry that never was told."""

    txn_id = TextField(20, pattern="[0-9]+", required=True)
    account = TextField(50, required=True)
    amount = MoneyField(minimum=agreements.ONE_TIYN, required=True)
    paid_at = MomentField(required=True)


class LateOut(Schema):
    """The payment that was booked, by its id."""

    id = IdField(required=True)
    customer_id = IdField(required=True)
    amount = AmountField(required=True)
    received_on = DateField(required=True)


class CancelIn(Schema):
    """A payment that the provider gave back to its payer."""

    txn_id = TextField(20, pattern="[0-9]+", required=True)
    cancelled_on = PastDateField(required=True)
    reason = TextField(300, required=True)


class ProviderArgs(ListArgs):
    """Which providers."""

    sort = SortField("code")
    enterprise_id = IdField()
    is_open = BooleanField()


@blp.get("/")
@requires(*KEEPERS)
@blp.arguments(ProviderArgs, location="query")
@blp.response(200, page_schema(ProviderOut))
def list_providers(args: dict[str, Any]) -> Page[Provider]:
    """Providers by code."""
    return service.list_providers(current_session(), args.pop("page"), **args)


@blp.post("/")
@requires(*KEEPERS)
@blp.arguments(ProviderIn)
@blp.response(201, ProviderOut)
@versioned
def add_provider(body: dict[str, Any]) -> Provider:
    """Enter a provider. Nobody can come in before it has a secret."""
    enterprise_id, code = body.pop("enterprise_id"), body.pop("code")
    return service.add_provider(current_session(), enterprise_id, code, service.Agreement(**body))


@blp.get("/<uuid:provider_id>")
@requires(*KEEPERS)
@blp.response(200, ProviderOut)
@versioned
def show_provider(provider_id: UUID) -> Provider:
    """One provider."""
    return service.get_provider(current_session(), provider_id)


@blp.put("/<uuid:provider_id>")
@requires(*KEEPERS)
@blp.arguments(AgreementIn)
@blp.response(200, ProviderOut)
@versioned
def edit_provider(body: dict[str, Any], provider_id: UUID, version: int) -> Provider:
    """Change the agreement with a provider."""
    return service.edit_provider(current_session(), provider_id, service.Agreement(**body), version=version)


@blp.put("/<uuid:provider_id>/secret")
@requires(*KEEPERS)
@blp.response(200, SecretOut)
@versioned
def renew_secret(provider_id: UUID, version: int) -> dict[str, Any]:
    """Give a provider a new secret; the one before opens nothing from now on.

    Shown this once and not stored: a PUT, because an answer to a POST is kept under its `Idempotency-Key`.
    """
    provider, secret = service.renew_secret(current_session(), provider_id, version=version)
    return {"id": provider.id, "code": provider.code, "secret": secret, "version": provider.version}


@blp.post("/<uuid:provider_id>/close")
@requires(*KEEPERS)
@blp.response(200, ProviderOut)
@versioned
def close_provider(provider_id: UUID) -> Provider:
    """Take no new payments of a provider."""
    return service.close_provider(current_session(), provider_id)


@blp.post("/<uuid:provider_id>/reopen")
@requires(*KEEPERS)
@blp.response(200, ProviderOut)
@versioned
def reopen_provider(provider_id: UUID) -> Provider:
    """Take payments of a provider again."""
    return service.reopen_provider(current_session(), provider_id)


@blp.get("/incidents")
@requires(*KEEPERS)
@blp.arguments(IncidentArgs, location="query")
@blp.response(200, page_schema(IncidentOut))
def list_incidents(args: dict[str, Any]) -> Page[ProviderIncident]:
    """What a person has to settle with providers, the one told last first."""
    return service.list_incidents(current_session(), args.pop("page"), **args)


@blp.get("/incidents/<uuid:incident_id>")
@requires(*KEEPERS)
@blp.response(200, IncidentOut)
@versioned
def show_incident(incident_id: UUID) -> ProviderIncident:
    """One incident."""
    return service.get_incident(current_session(), incident_id)


@blp.post("/incidents/<uuid:incident_id>/resolve")
@requires(*KEEPERS)
@blp.arguments(ResolutionIn)
@blp.response(200, IncidentOut)
@versioned
def resolve_incident(body: dict[str, Any], incident_id: UUID) -> ProviderIncident:
    """Say how an incident was settled."""
    return service.resolve_incident(current_session(), incident_id, **body, at=now())


@blp.get("/<uuid:provider_id>/transactions")
@requires(*KEEPERS)
@blp.arguments(TransactionArgs, location="query")
@blp.response(200, page_schema(TransactionOut))
def list_transactions(args: dict[str, Any], provider_id: UUID) -> Page[service.Told]:
    """What a provider told and was answered, the last first."""
    provider = service.get_provider(current_session(), provider_id)
    return service.list_transactions(current_session(), provider.id, args.pop("page"), **args)


@blp.post("/<uuid:provider_id>/late-payments")
@requires(*KEEPERS)
@blp.arguments(LateIn)
@blp.response(201, LateOut)
def record_late(body: dict[str, Any], provider_id: UUID) -> Payment:
    """Book a payment of the provider's registry that never was told, on the provider's day."""
    provider = service.get_provider(current_session(), provider_id)
    return service.record_late(current_session(), provider, body.pop("txn_id"), **body)


@blp.post("/<uuid:provider_id>/cancellations")
@requires(*KEEPERS)
@blp.arguments(CancelIn)
@blp.response(201, ReversalOut)
def cancel(body: dict[str, Any], provider_id: UUID) -> PaymentReversal:
    """Take back a payment that the provider gave back to its payer."""
    provider = service.get_provider(current_session(), provider_id)
    return service.cancel(current_session(), provider, body.pop("txn_id"), **body)
