"""Providers of tests, and the address they call."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.payments.providers import service
from billing.payments.providers.models import Provider, ProviderDialect
from tests.support.identifiers import synthetic_bin


def make_agreement(dialect: ProviderDialect = ProviderDialect.KASPI, **options: Any) -> service.Agreement:
    """An agreement that a test says only the interesting parts of."""
    names = {"name_kk": "Каспи", "name_ru": "Каспи", "name_en": "Kaspi"}
    return service.Agreement(dialect=dialect, **{**names, "bin": synthetic_bin(500), **options})


def make_provider(
    session: Session,
    enterprise_id: UUID,
    code: str = "kaspi",
    dialect: ProviderDialect = ProviderDialect.KASPI,
    **options: Any,
) -> Provider:
    """A provider without a secret."""
    return service.add_provider(session, enterprise_id, code, make_agreement(dialect, **options))
