"""``auyl statement profile``: which heading of a bank's spreadsheet is which of our columns, as a file."""

from pathlib import Path

import click

from billing.cli.finding import bank_account_of
from billing.cli.office import Office
from billing.cli.statement import EXISTING, first_bytes
from billing.cli.statement import group as statement
from billing.cli.teaching import TeachingGroup
from billing.reconciliation.column_profiles import (
    find_profile,
    find_same_name,
    list_profiles,
    save_profile,
    told_profile,
)
from billing.reconciliation.formats.profile_files import BYTES_MAX, read_profile, write_profile


@statement.group("profile", cls=TeachingGroup)
def group() -> None:
    """Profiles of banks' columns, where the built-in ones do not know a table.

    Examples:
      auyl statement profile export "Village bank" --output village-bank.json
      auyl statement profile import village-bank.json
    """


@group.command("list")
@click.pass_obj
def list_kept(office: Office) -> None:
    """Names of the profiles that are kept.

    Example:
      auyl statement profile list
    """
    with office.work(read_only=True) as session:
        names = [each.name for each in list_profiles(session)]
    for name in names:
        click.echo(name)


@group.command("export")
@click.argument("name")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write to.")
@click.pass_obj
def export(office: Office, /, *, name: str, output: Path | None) -> None:
    """Write a profile as JSON: for another office, or for ``auyl statement check --profile``.

    Example:
      auyl statement profile export "Village bank" --output village-bank.json
    """
    with office.work(read_only=True) as session:
        content = write_profile(told_profile(session, find_profile(session, name)))
    if output is None:
        click.echo(content, nl=False)
        return
    output.write_bytes(content)
    office.say("written", file=str(output))


@group.command("import")
@click.argument("file", type=EXISTING)
@click.pass_obj
def import_file(office: Office, /, *, file: Path) -> None:
    """Keep the profile of a file; one of the same name is changed.

    Example:
      auyl statement profile import village-bank.json
    """
    profile = read_profile(first_bytes(file, BYTES_MAX))
    with office.work() as session:
        account = bank_account_of(session, profile.account) if profile.account else None
        known = find_same_name(session, profile.name)
        save_profile(
            session,
            name=profile.name,
            headings=profile.headings,
            bank_account_id=None if account is None else account.id,
            profile_id=None if known is None else known.id,
        )
    office.say("profile_kept", name=profile.name)
