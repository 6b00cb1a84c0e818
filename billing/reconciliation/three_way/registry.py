"""Takes in a provider's registry: every payment it says it took, each once, all of a file or nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.bulk import insert_rows
from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.money import Money, total
from billing.kernel.spreadsheets import Problem
from billing.payments.providers.models import Provider
from billing.payments.signed_days import DaySignedOff, hold_providers, signed_days_of
from billing.reconciliation.matches import in_chunks
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryRow
from billing.reconciliation.three_way.profile import columns_of
from billing.reconciliation.three_way.registry_reading import RegistryContent, Told, read_registry

FILE_NAME_LENGTH_MAX = 200


class RegistryRowChanged(RuleViolation):
    """An earlier registry told the transaction otherwise. Facts: ``amount``, ``day``, as it was told."""

    code = "registry_row_changed"


@dataclass(frozen=True, slots=True)
class RegistryReport:
    """What became of a registry.

    Attributes:
        registry_id: of what stands in the database; None where nothing was written.
        first_day, last_day: of its rows; None where none could be read.
        amount: of all its rows.
        rows: counted, with the problems.
    """

    registry_id: UUID | None
    first_day: date | None
    last_day: date | None
    amount: Money
    rows: ImportReport


def import_registry(
    session: Session,
    provider_id: UUID,
    content: bytes,
    *,
    file_name: str,
    mode: ImportMode = ALL_OR_NOTHING,
) -> RegistryReport:
    """Take in a provider's registry (CSV or XLSX), whose columns are found by the provider's profile.

    The same file again, and transactions that an earlier file told, add nothing. A file with any wrong row
    is not taken in: nobody would find out later which payment was left out.

    Raises:
        NotFound: no such provider.
        InvalidText: the file's name is empty or too long.
    """
    file_name = line(file_name, field="file", length_max=FILE_NAME_LENGTH_MAX)
    # Held: who takes in the same file, or signs one of its days, at this moment comes before or after.
    [provider] = hold_providers(session, [provider_id])
    sha256 = hashlib.sha256(content).hexdigest()
    if (same := _same_file(session, provider_id, sha256)) is not None:
        rows = ImportReport(0, 0, same.row_count, (), written=not mode.dry_run)
        return RegistryReport(same.id, same.first_day, same.last_day, same.amount, rows)
    read = read_registry(content, columns_of(session, provider_id))
    known = _known(session, provider_id, read.told)
    problems = [*read.problems, *_refused(session, provider, read, known)]
    written = not problems and not mode.dry_run
    days = [each.paid_on for each in read.told]
    amount = total(each.amount for each in read.told)
    new = [each for each in read.told if each.outside_id not in known]
    registry_id = new_id() if written else None
    if registry_id is not None:
        registry = ProviderRegistry(
            district_id=district_of(session),
            id=registry_id,
            provider_id=provider_id,
            sha256=sha256,
            file_name=file_name,
            first_day=min(days),
            last_day=max(days),
            amount=amount,
            row_count=len(days),
            new_row_count=len(new),
            recorded_by=actor_of(session),
        )
        session.add(registry)
        _insert_rows(session, registry, new)
    in_order = tuple(sorted(problems, key=lambda problem: problem.row))
    report = ImportReport(len(new), 0, len(read.told) - len(new), in_order, written)
    return RegistryReport(registry_id, min(days, default=None), max(days, default=None), amount, report)


def _same_file(session: Session, provider_id: UUID, sha256: str) -> ProviderRegistry | None:
    return session.scalar(
        select(ProviderRegistry).where(
            ProviderRegistry.provider_id == provider_id, ProviderRegistry.sha256 == sha256
        )
    )


def _known(session: Session, provider_id: UUID, told: Sequence[Told]) -> dict[str, tuple[Money, date]]:
    """What earlier registries told of the same transactions: sum and day."""
    known: dict[str, tuple[Money, date]] = {}
    for some in in_chunks([each.outside_id for each in told]):
        rows = session.execute(
            select(RegistryRow.outside_id, RegistryRow.amount, RegistryRow.paid_on).where(
                RegistryRow.provider_id == provider_id, RegistryRow.outside_id.in_(some)
            )
        )
        known |= {row.outside_id: (row.amount, row.paid_on) for row in rows}
    return known


def _refused(
    session: Session,
    provider: Provider,
    read: RegistryContent,
    known: Mapping[str, tuple[Money, date]],
) -> list[Problem]:
    """Transactions that were told otherwise before, and new ones of a day that is frozen."""
    days = [each.paid_on for each in read.told]
    frozen = signed_days_of(session, [provider.code], min(days), max(days)) if days else set()
    problems: list[Problem] = []
    for each in read.told:
        before = known.get(each.outside_id)
        if before is not None and before != (each.amount, each.paid_on):
            reader = read.reader_of(each)
            reader.refuse("outside_id", RegistryRowChanged(amount=before[0], day=before[1]))
            problems += reader.problems
        elif before is None and (provider.code, each.paid_on) in frozen:
            reader = read.reader_of(each)
            reader.refuse("date", DaySignedOff(channel=provider.code, day=each.paid_on))
            problems += reader.problems
    return problems


def _insert_rows(session: Session, registry: ProviderRegistry, told: Sequence[Told]) -> None:
    columns = (
        "district_id",
        "id",
        "registry_id",
        "provider_id",
        "line",
        "outside_id",
        "account",
        "amount",
        "paid_on",
        "paid_at",
        "raw",
    )
    rows = [
        (
            registry.district_id,
            new_id(),
            registry.id,
            registry.provider_id,
            each.line,
            each.outside_id,
            each.account,
            each.amount,
            each.paid_on,
            each.paid_at,
            dict(each.raw),
        )
        for each in told
    ]
    insert_rows(session, RegistryRow, columns, rows)
