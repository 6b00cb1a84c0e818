"""The command line ``auyl``: everything an office does at a terminal, and what scripts call.

Commands are grouped by what they are about, a module each. They hold no rules: they read what was typed, call
the services in one unit of work, and say the outcome in Kazakh, Russian or English. Help texts are in
English like the commands' own names.
"""

import click

from billing.cli import (
    books,
    card,
    customers,
    districts,
    imports,
    invoices,
    orders,
    outbox,
    payments,
    provider,
    receipt_book,
    reports,
    runs,
    server,
    statement,
    statement_decisions,
    statement_import,
    statement_profiles,
    statement_reports,
    three_way,
    users,
)
from billing.cli.demo import command as demo
from billing.cli.office import office_from
from billing.cli.refusing import RefusingGroup
from billing.kernel.i18n import Language, tolerate_gaps
from billing.kernel.memory import collect_rarely

_LANGUAGES = click.Choice([language.value for language in Language])


@click.group(
    cls=RefusingGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="auyl-billing", prog_name="auyl")
@click.option(
    "--language",
    type=_LANGUAGES,
    envvar="AUYL_LANGUAGE",
    help="Of everything that is said: kk, ru or en. By default the terminal's, else Russian.",
)
@click.option(
    "--district",
    envvar="AUYL_DISTRICT",
    help="Number or KATO code of the rural district; needed where there are several.",
)
@click.option(
    "--user", "login", envvar="AUYL_USER", help="Log-in of the user to be recorded with what is written."
)
@click.pass_context
def main(ctx: click.Context, language: str | None, district: str | None, login: str | None) -> None:
    """Auyl Billing: services, invoices, payments and budget revenue of a rural district.

    A newcomer's way:
      auyl demo                        make a district to look at
      auyl serve                       open it at http://127.0.0.1:8000
      auyl report revenue              what was collected, by budget code and month
      auyl verify                      recompute everything and compare

    Settings come from the environment (AUYL_DATABASE_URL, AUYL_VAR, …). Exit codes: 0 done, 1 refused or
    problems found, 2 wrongly typed.
    """
    # People at a terminal are better served by a bare code than by nothing; tests are strict.
    if ctx.obj is None:
        tolerate_gaps()
        collect_rarely()
        ctx.obj = office_from(language=language, district=district, login=login)


# These join their groups by themselves.
assert {
    statement_import.import_file.name,
    statement_decisions.match_row.name,
    statement_profiles.group.name,
    statement_reports.proof.name,
} <= statement.group.commands.keys()

for command in (
    server.migrate,
    demo.command,
    server.serve,
    server.worker,
    imports.group,
    districts.district_group,
    districts.enterprise_group,
    users.group,
    customers.group,
    orders.group,
    invoices.group,
    runs.run,
    runs.print_run,
    payments.group,
    provider.group,
    card.group,
    receipt_book.group,
    outbox.group,
    reports.group,
    statement.group,
    books.close_month,
    books.verify,
):
    main.add_command(command)
for inner in three_way.COMMANDS:
    statement.group.add_command(inner)
