"""The agreement with each payment provider, and the secret in its address.

The secret is ``<district>-<random>``: the number says in which district its hash is looked up. The random
part has 256 bits, so a plain SHA-256 of it is kept and nothing that could be guessed.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts import service as districts
from billing.kernel.checks import at_field, line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound
from billing.kernel.identifiers import check_bin, check_iban
from billing.kernel.money import BASIS_POINTS, ZERO, Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.payments.models import PaymentMethod
from billing.payments.providers.dialects import ANSWER_FIELDS, FIELDS, REQUEST_FIELDS, names_of
from billing.payments.providers.models import AnswerFormat, Provider, ProviderDialect
from billing.payments.service import CASH_DESK, RECEIPT_BOOK

SORTS: Sorts = {"code": [Provider.code, Provider.id]}
SECRET_BYTES = 32
ADDRESSES_MAX = 50
PAY_LINK_LENGTH_MAX = 300
REQUESTS_PER_MINUTE_MAX = 6_000
ONE_TIYN = Money(1)
MILLION_TENGE = Money.tenge(1_000_000)
SUM_MAX = Money.tenge(10_000_000)  # of one payment: beyond it there is a mistake, or a bank transfer

_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,29}")
_PAY_LINK = re.compile(r"https://[a-z0-9.-]+/([A-Za-z0-9._~/?&=%+-]|\{account\}|\{sum\})*")
_CERTIFICATE = re.compile(r"[0-9a-f]{64}")
# Channels of payments that no provider told.
_TAKEN_CODES = {CASH_DESK, RECEIPT_BOOK, *(method.value for method in PaymentMethod)}


class InvalidProviderCode(InvalidInput):
    """A provider's code has small Latin letters, digits, ``_``, and is no other channel. Facts: ``field``."""

    code = "invalid_provider_code"


class InvalidAgreement(InvalidInput):
    """A limit, rate, network, certificate or field name of a provider that cannot be. Facts: ``field``."""

    code = "invalid_agreement"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is agreed with a provider.

    Attributes:
        bin: of the payer in bank statements, where its money comes in aggregate.
        iban: the account it pays from, where it is known.
        commission_bp: withheld from each payment, in basis points, but at least ``commission_min``.
        answer_format: OSMP knows XML only.
        field_names: by ``FIELDS``, where they differ from the dialect's.
        sum_min, sum_max: of one payment.
        allowed_addresses: networks it calls from, ``194.187.247.152`` or ``10.1.0.0/24``; none: anywhere.
        certificate_sha256: fingerprint of its client certificate; None where it comes without one.
        requests_per_minute_max: more than these are put off.
        pay_link: the provider's own page to pay on, ``{account}`` and ``{sum}`` where it wants them.
    """

    name_kk: str
    name_ru: str
    name_en: str
    bin: str
    dialect: ProviderDialect
    iban: str | None = None
    commission_bp: int = 0
    commission_min: Money = ZERO
    answer_format: AnswerFormat = AnswerFormat.XML
    field_names: Mapping[str, str] = field(default_factory=dict)
    sum_min: Money = ONE_TIYN
    sum_max: Money = MILLION_TENGE
    allowed_addresses: Sequence[str] = ()
    certificate_sha256: str | None = None
    requests_per_minute_max: int = 600
    pay_link: str | None = None


def add_provider(session: Session, enterprise_id: UUID, code: str, agreement: Agreement) -> Provider:
    """Enter a provider that takes money for an enterprise. Nobody can come in before ``renew_secret``.

    Args:
        code: the channel of its payments, and a part of its address; it never changes.

    Raises:
        NotFound: no such enterprise.
        InvalidProviderCode, InvalidText, InvalidBIN, InvalidIBAN, InvalidAgreement: of the wrong form.
        AlreadyExists: the district has a provider with this code.
    """
    districts.get_enterprise(session, enterprise_id)
    if _CODE.fullmatch(code) is None or code in _TAKEN_CODES:
        raise InvalidProviderCode(field="code")
    if find_provider(session, code) is not None:
        raise AlreadyExists(kind="provider", field="code", value=code)
    provider = Provider(
        district_id=district_of(session), enterprise_id=enterprise_id, code=code, **_checked(agreement)
    )
    session.add(provider)
    session.flush()
    return provider


def edit_provider(
    session: Session, provider_id: UUID, agreement: Agreement, *, version: int | None
) -> Provider:
    """Change the agreement. Payments and answers given before stay as they were.

    Raises:
        NotFound, StaleVersion: no such provider, or somebody edited it meanwhile.
        InvalidText, InvalidBIN, InvalidIBAN, InvalidAgreement: a value of the wrong form.
    """
    provider = _editable(session, provider_id, version)
    for name, value in _checked(agreement).items():
        setattr(provider, name, value)
    session.flush()
    return provider


def close_provider(session: Session, provider_id: UUID, *, version: int | None = None) -> Provider:
    """Take no new payments of a provider; what it told before is still answered as it was.

    Raises:
        NotFound, StaleVersion: no such provider, or somebody edited it meanwhile.
    """
    return _set_open(session, provider_id, version, is_open=False)


def reopen_provider(session: Session, provider_id: UUID, *, version: int | None = None) -> Provider:
    """Take payments of a provider again.

    Raises:
        NotFound, StaleVersion: no such provider, or somebody edited it meanwhile.
    """
    return _set_open(session, provider_id, version, is_open=True)


def renew_secret(session: Session, provider_id: UUID, *, version: int | None = None) -> tuple[Provider, str]:
    """Give a provider a new secret for its address; the one before opens nothing from now on.

    Returns:
        The provider, and the secret at the only moment its text is known.

    Raises:
        NotFound, StaleVersion: no such provider, or somebody edited it meanwhile.
    """
    provider = _editable(session, provider_id, version)
    secret = f"{provider.district_id}-{secrets.token_urlsafe(SECRET_BYTES)}"
    provider.secret_hash = _hash(secret)
    session.flush()
    return provider, secret


def knows_secret(provider: Provider, secret: str) -> bool:
    """Whether this is the provider's secret; the time it takes tells nothing."""
    return hmac.compare_digest(provider.secret_hash or "", _hash(secret))


def commission_of(provider: Provider, amount: Money) -> Money:
    """What the provider withholds from one payment."""
    return min(max(amount.share(provider.commission_bp, BASIS_POINTS), provider.commission_min), amount)


def method_of(provider: Provider) -> PaymentMethod:
    """How its payments come in."""
    return PaymentMethod.CARD if provider.dialect is ProviderDialect.EPAY else PaymentMethod.PROVIDER


def find_acquirer(session: Session, enterprise_id: UUID) -> Provider | None:
    """Whose page an enterprise's residents pay on by card, if there is one."""
    statement = select(Provider).where(
        Provider.enterprise_id == enterprise_id,
        Provider.dialect == ProviderDialect.EPAY,
        Provider.is_open.is_(True),
    )
    return session.scalars(statement.order_by(Provider.code).limit(1)).first()


def get_provider(session: Session, provider_id: UUID) -> Provider:
    """The provider with this id.

    Raises:
        NotFound: the district has none such.
    """
    return get_row(session, Provider, provider_id, kind="provider")


def get_provider_by_code(session: Session, code: str) -> Provider:
    """The provider with this code.

    Raises:
        NotFound: the district has none such.
    """
    provider = find_provider(session, code)
    if provider is None:
        raise NotFound(kind="provider", id=code)
    return provider


def find_provider(session: Session, code: str) -> Provider | None:
    """The district's provider with this code, if there is one."""
    return session.scalar(select(Provider).where(Provider.code == code))


def list_providers(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    enterprise_id: UUID | None = None,
    is_open: bool | None = None,
) -> Page[Provider]:
    """Providers by code.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(Provider)
    if enterprise_id is not None:
        statement = statement.where(Provider.enterprise_id == enterprise_id)
    if is_open is not None:
        statement = statement.where(Provider.is_open.is_(is_open))
    return page_of(session, statement, SORTS, page)


def _editable(session: Session, provider_id: UUID, version: int | None) -> Provider:
    provider = get_row(session, Provider, provider_id, kind="provider", lock=True)
    check_version(provider, version, kind="provider")
    return provider


def _set_open(session: Session, provider_id: UUID, version: int | None, *, is_open: bool) -> Provider:
    provider = _editable(session, provider_id, version)
    provider.is_open = is_open
    session.flush()
    return provider


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checked(agreement: Agreement) -> dict[str, Any]:
    """The agreement as it is stored."""
    wrong = {
        "commission_bp": not 0 <= agreement.commission_bp <= BASIS_POINTS,
        "commission_min": agreement.commission_min < ZERO,
        "sum_min": agreement.sum_min <= ZERO,
        "sum_max": not agreement.sum_min <= agreement.sum_max <= SUM_MAX,
        "requests_per_minute_max": not 0 < agreement.requests_per_minute_max <= REQUESTS_PER_MINUTE_MAX,
        "answer_format": agreement.dialect is ProviderDialect.OSMP
        and agreement.answer_format is not AnswerFormat.XML,
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise InvalidAgreement(field=name)
    names = {
        name: line(getattr(agreement, name), field=name, length_max=200)
        for name in ("name_kk", "name_ru", "name_en")
    }
    with at_field("bin"):
        bin_checked = check_bin(agreement.bin)
    with at_field("iban"):
        iban = check_iban(agreement.iban) if agreement.iban else None
    return names | {
        "bin": bin_checked,
        "iban": iban,
        "commission_bp": agreement.commission_bp,
        "commission_min": agreement.commission_min,
        "dialect": agreement.dialect,
        "answer_format": agreement.answer_format,
        "field_names": _checked_field_names(agreement),
        "sum_min": agreement.sum_min,
        "sum_max": agreement.sum_max,
        "allowed_addresses": _checked_addresses(agreement.allowed_addresses),
        "certificate_sha256": _checked_certificate(agreement.certificate_sha256),
        "requests_per_minute_max": agreement.requests_per_minute_max,
        "pay_link": _checked_pay_link(agreement.pay_link),
    }


def _checked_field_names(agreement: Agreement) -> dict[str, str]:
    told = dict(agreement.field_names)
    known = all(name in FIELDS and _FIELD_NAME.fullmatch(called) for name, called in told.items())
    names = names_of(agreement.dialect, agreement.answer_format, told) if known else {}
    for fields in (REQUEST_FIELDS, ANSWER_FIELDS):
        # Two fields of one name: the second would be read for the first.
        if len({names.get(name) for name in fields}) != len(fields):
            raise InvalidAgreement(field="field_names")
    return told


def _checked_addresses(addresses: Sequence[str]) -> list[str]:
    if len(addresses) > ADDRESSES_MAX:
        raise InvalidAgreement(field="allowed_addresses")
    try:
        return [str(ipaddress.ip_network(address.strip())) for address in addresses]
    except ValueError as error:
        raise InvalidAgreement(field="allowed_addresses") from error


def pay_link_of(provider: Provider, account: str, amount: Money) -> str | None:
    """Where a resident pays a sum to an account with this provider; None where it has no such page."""
    if provider.pay_link is None or not provider.is_open:
        return None
    return provider.pay_link.replace("{account}", account).replace("{sum}", str(amount))


def _checked_pay_link(link: str | None) -> str | None:
    if link is None:
        return None
    # A link on a public page: nothing but an address of the provider's, with our two values in it.
    if _PAY_LINK.fullmatch(link) is None or len(link) > PAY_LINK_LENGTH_MAX:
        raise InvalidAgreement(field="pay_link")
    return link


def _checked_certificate(fingerprint: str | None) -> str | None:
    if fingerprint is None:
        return None
    # Printed with colons by most tools.
    digits = fingerprint.replace(":", "").strip().lower()
    if _CERTIFICATE.fullmatch(digits) is None:
        raise InvalidAgreement(field="certificate_sha256")
    return digits
