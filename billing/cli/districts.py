"""``auyl district`` and ``auyl enterprise``: what must stand before anything is billed."""

from datetime import date

import click
from rich.table import Table
from sqlalchemy import select

from billing.budget import service as budget
from billing.budget.classification import import_starter_set
from billing.budget.models import PolicyKind
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import DAY
from billing.districts import service as districts
from billing.districts.models import District, Enterprise, EnterpriseForm
from billing.kernel.clock import today
from billing.kernel.i18n import label
from billing.ledger import service as ledger


@click.group("district", cls=TeachingGroup)
def district_group() -> None:
    """Rural districts: each is a tenant of its own.

    Examples:
      auyl import places kato.xlsx --edition 2022-10-17
      auyl district open 473639000
    """


@district_group.command("open")
@click.argument("kato")
@click.option("--name-kk", help="Kazakh name; the classifier's by default.")
@click.option("--name-ru", help="Russian name; the classifier's by default.")
@click.pass_obj
def open_(office: Office, /, *, kato: str, name_kk: str | None, name_ru: str | None) -> None:
    """Open a rural district by its KATO code. Its place must have been taken in: `auyl import places`.

    A starter set of budget codes comes with it; take in the official one by `auyl import classification`.

    Example:
      auyl district open 473639000 --name-kk "Боранқұл ауылдық округі"
    """
    with office.sessions.begin(None) as session:
        import_starter_set(session)
        place = districts.get_place(session, kato)
        district = districts.open_district(
            session,
            kato_code=kato,
            name_kk=name_kk or place.name_kk or place.name_ru,
            name_ru=name_ru or place.name_ru,
        )
    office.say("district_opened", district_id=district.id, name=district.name_ru)


@district_group.command("list")
@click.pass_obj
def list_districts(office: Office, /) -> None:
    """All districts of the database.

    Example:
      auyl district list
    """
    with office.sessions.begin(None, read_only=True) as session:
        known = list(session.scalars(select(District).order_by(District.id)))
    table = Table(box=None, pad_edge=False, show_header=False)
    for district in known:
        table.add_row(str(district.id), district.kato_code, district.name_kk, district.name_ru)
    office.console.print(table)


@click.group("enterprise", cls=TeachingGroup)
def enterprise_group() -> None:
    """The communal enterprise that delivers the services.

    Example:
      auyl enterprise list
    """


@enterprise_group.command("register")
@click.argument("bin_", metavar="BIN")
@click.option("--form", type=click.Choice([form.value for form in EnterpriseForm]), required=True)
@click.option("--name-kk", required=True)
@click.option("--name-ru", required=True)
@click.option("--address-kk", required=True)
@click.option("--address-ru", required=True)
@click.option(
    "--fees",
    type=click.Choice([PolicyKind.GROSS.value, PolicyKind.OWN_ACCOUNT.value]),
    default=PolicyKind.GROSS.value,
    show_default=True,
    help="Whether every collected fee is revenue of the budget, or the enterprise's own.",
)
@click.option("--since", type=DAY, help="First day of that policy; today by default.")
@click.option("--iban", required=True, help="Account printed on invoices (ИИК).")
@click.option("--bic", required=True)
@click.option("--bank", required=True, help="The bank's name.")
@click.option("--kbe", default="16", show_default=True)
@click.pass_obj
def register(
    office: Office,
    /,
    *,
    bin_: str,
    form: str,
    name_kk: str,
    name_ru: str,
    address_kk: str,
    address_ru: str,
    fees: str,
    since: date | None,
    iban: str,
    bic: str,
    bank: str,
    kbe: str,
) -> None:
    """Register an enterprise, open its book and the district's budget book, and say what its fees are.

    Signatories, VAT and further accounts follow over the API or the pages.

    Example:
      auyl enterprise register 991240000003 --form economic_management --name-kk "«Ауыл» КМК"
        --name-ru "КГП «Ауыл»" --address-kk "Боранқұл" --address-ru "Боранкул"
        --iban KZ456010000000000001 --bic HSBKKZKX --bank "АО «Народный Банк»"
    """
    with office.work() as session:
        enterprise = districts.register_enterprise(
            session,
            bin=bin_,
            form=EnterpriseForm(form),
            name_kk=name_kk,
            name_ru=name_ru,
            address_kk=address_kk,
            address_ru=address_ru,
        )
        districts.add_bank_account(
            session,
            enterprise.id,
            iban=iban,
            bic=bic,
            bank_name_kk=bank,
            bank_name_ru=bank,
            kbe=kbe,
            is_primary=True,
        )
        ledger.open_enterprise_book(session, enterprise.id)
        ledger.open_budget_book(session)
        budget.set_posting_policy(session, enterprise.id, kind=PolicyKind(fees), valid_from=since or today())
    office.say("enterprise_registered", name=enterprise.name_ru)


@enterprise_group.command("list")
@click.pass_obj
def list_enterprises(office: Office, /) -> None:
    """The district's enterprises.

    Example:
      auyl enterprise list
    """
    with office.work(read_only=True) as session:
        known = list(session.scalars(select(Enterprise).order_by(Enterprise.name_kk)))
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in known:
        table.add_row(each.bin, each.name_kk, each.name_ru, label(each.form, office.language))
    office.console.print(table)
