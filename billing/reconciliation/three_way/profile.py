"""Which column of a provider's registry is what: the usual names, and those kept for one provider."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput
from billing.kernel.rows import check_version, get_row
from billing.kernel.spreadsheets import Column, normal_heading
from billing.payments.providers.models import Provider
from billing.reconciliation.three_way.models import RegistryProfile

HEADINGS_MAX = 10  # names of one column
HEADING_LENGTH_MAX = 100

USUAL: Mapping[str, tuple[str, ...]] = {
    "outside_id": (
        "Номер транзакции",
        "ID транзакции",
        "№ транзакции",
        "Транзакция",
        "Номер операции",
        "Номер платежа",
        "ID платежа",
        "Төлем нөмірі",
        "Транзакция нөмірі",
        "Transaction",
        "Transaction ID",
        "txn_id",
    ),
    "account": (
        "Лицевой счет",
        "Л/с",
        "Номер лицевого счета",
        "Номер счета",
        "Абонент",
        "Дербес шот",
        "Шот нөмірі",
        "Account",
    ),
    "amount": ("Сумма", "Сумма платежа", "Сумма, тенге", "Сумма, тг", "Сомасы", "Төлем сомасы", "Amount"),
    "date": (
        "Дата",
        "Дата платежа",
        "Дата операции",
        "Дата и время",
        "Дата и время платежа",
        "Күні",
        "Төлем күні",
        "Date",
        "txn_date",
    ),
    "time": ("Время", "Время платежа", "Уақыты", "Төлем уақыты", "Time"),
}
REQUIRED = ("outside_id", "amount", "date")


class InvalidRegistryProfile(InvalidInput):
    """A column that no registry has, or two columns of one name. Facts: ``field``."""

    code = "invalid_registry_profile"


def columns_of(session: Session, provider_id: UUID) -> list[Column]:
    """What to look for in a provider's registry: the names kept for it, the usual ones for other columns."""
    profile = session.get(RegistryProfile, (district_of(session), provider_id))
    own = profile.headings if profile is not None else {}
    taken = {normal_heading(name) for names in own.values() for name in names}
    return [
        Column(
            field,
            tuple(own.get(field) or (name for name in usual if normal_heading(name) not in taken)),
            required=field in REQUIRED,
        )
        for field, usual in USUAL.items()
    ]


def get_profile(session: Session, provider_id: UUID) -> RegistryProfile | None:
    """The names of columns kept for a provider; None where the usual ones do.

    Raises:
        NotFound: no such provider.
    """
    get_row(session, Provider, provider_id, kind="provider")
    return session.get(RegistryProfile, (district_of(session), provider_id))


def save_profile(
    session: Session, provider_id: UUID, headings: Mapping[str, Sequence[str]], *, version: int | None = None
) -> RegistryProfile:
    """Keep how a provider calls columns of its registry; the usual names do for the others.

    Raises:
        NotFound, StaleVersion: no such provider, or somebody changed it meanwhile.
        InvalidRegistryProfile, InvalidText: a column that no registry has, or names that cannot be.
    """
    # Locked first: two who save at once must not both make the row.
    get_row(session, Provider, provider_id, kind="provider", lock=True)
    checked = _checked(headings)
    profile = session.get(RegistryProfile, (district_of(session), provider_id), populate_existing=True)
    if profile is None:
        profile = RegistryProfile(district_id=district_of(session), provider_id=provider_id, headings=checked)
        session.add(profile)
    else:
        check_version(profile, version, kind="registry_profile")
        profile.headings = checked
    session.flush()
    return profile


def _checked(headings: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    seen: set[str] = set()
    for field, names in headings.items():
        if field not in USUAL or len(names) > HEADINGS_MAX:
            raise InvalidRegistryProfile(field=field)
        checked[field] = [line(name, field=field, length_max=HEADING_LENGTH_MAX) for name in names]
        normal = {normal_heading(name) for name in checked[field]}
        if "" in normal or normal & seen:
            raise InvalidRegistryProfile(field=field)
        seen |= normal
    return checked
