"""`auyl migrate`, `district`, `enterprise`, `user`, `order`, and what every command has in common."""

import re
import subprocess
import sys
from datetime import date
from decimal import Decimal

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from billing.access.service import authenticate_password, find_user, roles_of
from billing.access.tokens import authenticate
from billing.budget.service import codes_of_year, policy_on
from billing.catalog.models import Service
from billing.cli import main
from billing.cli.office import Office, language_of
from billing.cli.refusing import RefusingGroup
from billing.customers.models import Customer
from billing.districts.models import District, Enterprise
from billing.kernel.errors import Unauthenticated
from billing.kernel.i18n import Language
from billing.ledger.service import list_books
from billing.orders.models import OrderState, ServiceOrder
from billing.orders.service import take_order
from tests.cli.conftest import TODAY, settings_for

PLACES = "code;name_kk;name_ru\n470000000;Маңғыстау;Мангистау\n473639000;Боранқұл;Боранкульская с.а.\n"


def commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command's words."""
    if not isinstance(command, click.Group):
        return [path]
    return [
        path,
        *(words for name, each in command.commands.items() for words in commands(each, (*path, name))),
    ]


@pytest.mark.parametrize("words", commands(main), ids=" ".join)
def test_every_command_teaches_by_example(words):
    """Its help has a sentence and an example that can be copied, unwrapped."""
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert re.search(r"\n  +auyl ", result.output)


def test_an_empty_database_is_migrated_once(empty_database, tmp_path):
    """Before that every command says what to do; afterwards migrating changes nothing."""
    office = Office(settings_for(empty_database.url, tmp_path), Language.EN)
    try:
        refused = CliRunner().invoke(main, ["verify"], obj=office)
        first = CliRunner().invoke(main, ["migrate"], obj=office)
        second = CliRunner().invoke(main, ["migrate"], obj=office)
    finally:
        office.engine.dispose()
    assert (refused.exit_code, refused.stderr) == (
        1,
        "The database lacks the program's tables. Run “auyl migrate”.\n",
    )
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.startswith("The database now stands at revision ")
    assert "already" in second.output


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    """No traceback; exit code 1."""
    url = "postgresql+psycopg://auyl@127.0.0.1:1/auyl"
    office = Office(settings_for(url, tmp_path), Language.EN)
    result = CliRunner().invoke(main, ["verify"], obj=office)
    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be reached: ")
    assert result.stderr.count("\n") == 1


def test_our_own_bug_is_one_sentence_too(auyl, office, monkeypatch):
    """Unless somebody wants to see where it is."""
    group = RefusingGroup(name="auyl")

    @group.command("fail")
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(group, ["fail"], obj=office, catch_exceptions=False)
    monkeypatch.delenv("AUYL_DEBUG")
    result = CliRunner().invoke(group, ["fail"], obj=office)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "ZeroDivisionError" in result.stderr


def test_a_file_that_cannot_be_written_is_one_sentence(auyl, office, enterprise_id):
    """With the reason and the file's name."""
    result = auyl("report", "revenue", "--output", str(office.settings.var / "nowhere" / "report.txt"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr and "report.txt" in result.stderr


def test_without_a_district_people_are_told_how_to_open_one(auyl):
    """In their own language."""
    result = auyl("verify")
    assert (result.exit_code, result.stderr) == (
        1,
        "No rural district is open yet. Run “auyl demo” or “auyl district open”.\n",
    )


def test_a_district_and_its_enterprise_are_set_up_at_the_terminal(auyl, office, tmp_path):
    """Places, the district, the enterprise with its account, books and posting policy."""
    (tmp_path / "kato.csv").write_text(PLACES, encoding="utf-8")
    register = (
        *("enterprise", "register", "991240000003", "--form", "economic_management"),
        *("--name-kk", "«Ауыл» КМК", "--name-ru", "КГП «Ауыл»", "--address-kk", "Боранқұл"),
        *("--address-ru", "Боранкул", "--iban", "KZ456010000000000001", "--bic", "HSBKKZKX"),
        *("--bank", "Халық Банкі", "--since", "2026-01-01"),
    )
    assert auyl("import", "places", str(tmp_path / "kato.csv")).exit_code == 0
    assert auyl("district", "open", "473637000").exit_code == 1  # not in the list
    assert auyl("district", "open", "473639000").output == "District 1, “Боранкульская с.а.”, was opened.\n"
    assert auyl(*register).exit_code == 0
    assert auyl(*register).exit_code == 1  # the same BIN again

    assert "473639000" in auyl("district", "list").output
    assert "991240000003" in auyl("enterprise", "list").output
    with office.work() as session:
        enterprise = session.scalars(select(Enterprise)).one()
        assert policy_on(session, enterprise.id, date(2026, 1, 1)).kind == "gross"
        assert len(list_books(session)) == 2
        assert {"202102", "206109"} <= {code.code for code in codes_of_year(session, 2026)}


def test_the_district_is_named_where_there_are_several(auyl, office, enterprise_id):
    """By number or KATO code; otherwise the command is refused and lists them."""
    with office.sessions.begin(None) as session:
        session.add(District(id=2, kato_code="473639100", name_kk="Екінші", name_ru="Второй"))
    refused = auyl("enterprise", "list")
    assert (refused.exit_code, "2 (473639100)" in refused.stderr) == (1, True)
    for name in ("1", "473639000"):
        office.district = name
        assert enterprise_id in auyl("enterprise", "list").output
    office.district = "3"
    assert auyl("enterprise", "list").exit_code == 1


def test_a_user_is_added_with_a_password_that_works(auyl, office, enterprise_id):
    """It is shown once; a role can be granted and taken away; the last administrator keeps his."""
    added = auyl("user", "add", "Aigul", "--name", "Айгүл", "--role", "clerk", "--role", "admin")
    assert added.exit_code == 0
    password = added.output.split()[-1]
    with office.work() as session:
        user = authenticate_password(session, "aigul", password)
        assert roles_of(session, user.id) == {"clerk", "admin"}

    assert auyl("user", "grant", "aigul", "cashier").exit_code == 0
    assert auyl("user", "revoke", "aigul", "clerk").exit_code == 0
    assert auyl("user", "revoke", "aigul", "admin").exit_code == 1
    assert auyl("user", "revoke", "nobody", "clerk").exit_code == 1
    assert auyl("user", "add", "aigul", "--name", "А", "--role", "clerk").exit_code == 1
    assert auyl("user", "add", "b", "--name", "Б", "--role", "king").exit_code == 2
    with office.work() as session:
        assert roles_of(session, user.id) == {"cashier", "admin"}
        assert find_user(session, "b") is None
    listed = auyl("user", "list").output
    assert "cashier" in listed and "administrator" in listed


def test_a_forgotten_password_is_replaced(auyl, office, enterprise_id):
    """The old one works no more; a typed one must be good enough."""
    old = auyl("user", "add", "aigul", "--name", "Айгүл", "--role", "clerk").output.split()[-1]
    new = auyl("user", "password", "aigul").output.split()[-1]
    with office.work() as session:
        assert authenticate_password(session, "aigul", new)
        with pytest.raises(Unauthenticated):
            authenticate_password(session, "aigul", old)

    typed = "құпия-сөз-2026"
    assert auyl("user", "password", "aigul", "--ask-password", input=f"{typed}\n{typed}\n").exit_code == 0
    assert auyl("user", "password", "aigul", "--ask-password", input="123\n123\n").exit_code == 1
    with office.work() as session:
        assert authenticate_password(session, "aigul", typed)


def test_a_token_lets_a_program_in(auyl, office, enterprise_id):
    """As the user it was made for; one that would have expired is refused."""
    auyl("user", "add", "aigul", "--name", "Айгүл", "--role", "clerk")
    made = auyl("user", "token", "aigul", "--label", "script", "--expires-on", "2026-12-31")
    assert made.exit_code == 0
    secret = made.output.split()[-1].split("_", 2)[2]
    with office.work() as session:
        assert authenticate(session, secret, on=TODAY).user.login == "aigul"
    assert auyl("user", "token", "aigul", "--label", "x", "--expires-on", "2026-04-19").exit_code == 1


def test_orders_are_listed_confirmed_together_and_cancelled(auyl, office, enterprise_id):
    """One that cannot be confirmed keeps the others from it."""
    with office.work() as session:
        customer, service = session.scalars(select(Customer)).one(), session.scalars(select(Service)).one()
        for _ in range(2):
            take_order(
                session,
                customer_id=customer.id,
                service_id=service.id,
                requested_on=TODAY,
                quantity=Decimal(1),
            )
    assert auyl("order", "confirm", "1/2026", "3/2026").exit_code == 1
    assert auyl("order", "confirm", "1/2026").exit_code == 0
    assert auyl("order", "confirm", "2/2026", "1/2026").exit_code == 1
    assert auyl("order", "cancel", "2/2026", "--reason", "Керек емес").exit_code == 0
    with office.work() as session:
        states = session.scalars(select(ServiceOrder.state).order_by(ServiceOrder.number)).all()
    assert states == [OrderState.CONFIRMED, OrderState.CANCELLED]
    assert "1/2026" in auyl("order", "list", "--state", "confirmed").output


def test_whoever_is_named_is_recorded(auyl, office, enterprise_id):
    """--user stands in what is written; a stranger is refused before anything happens."""
    auyl("user", "add", "aigul", "--name", "Айгүл", "--role", "clerk")
    office.login = "stranger"
    assert auyl("order", "list").exit_code == 1
    office.login = "AIGUL"
    assert auyl("order", "list").exit_code == 0
    with office.work() as session:
        user = find_user(session, "aigul")
        assert user is not None and office.actor_id == user.id


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "ru"),
        ({"LANG": "kk_KZ.UTF-8"}, "kk"),
        ({"LANG": "kz"}, "kk"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "ru"),
        ({"LANG": "ru_RU", "LC_ALL": "kk_KZ"}, "kk"),
    ],
)
def test_the_language_is_the_terminal_own(environment, language):
    """Russian where the terminal speaks none of ours."""
    assert language_of(environment) == language


def test_the_command_is_installed():
    """`auyl --version` runs as a program of its own, without a database."""
    script = "import sys; from billing.cli import main; sys.argv = ['auyl', '--version']; main()"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("auyl, version ")


def test_what_is_wrongly_typed_exits_with_2(auyl):
    """Unknown commands, options and days."""
    for words in (["nonsense"], ["verify", "--nonsense"], ["report", "aged-debt", "--on", "yesterday"]):
        assert auyl(*words).exit_code == 2
