"""``auyl migrate`` and ``auyl serve``: the database's tables, and the program on a port."""

import pkgutil
from typing import Any

import click
import waitress

from billing.cli.office import Office
from billing.cli.teaching import TeachingCommand
from billing.kernel import migrations
from billing.kernel.i18n import tolerate_gaps
from billing.payments.cards.epay import Epay
from billing.worker.background import bill_if_left, look_round
from billing.worker.cards import Asker
from billing.worker.outbox import errands_of
from billing.worker.uploads import work_off_what_waits

# Named by text, as every WSGI server names it: the application stands above the command line.
APPLICATION = "billing.app:create_app"
THREADS = 8


@click.command("migrate", cls=TeachingCommand)
@click.pass_obj
def migrate(office: Office) -> None:
    """Bring the database to this program's newest tables, all at once or not at all.

    Examples:
      auyl migrate
      AUYL_DATABASE_URL=postgresql+psycopg://auyl@db/auyl auyl migrate
    """
    before = migrations.current(office.engine)
    migrations.upgrade(office.engine)
    after = migrations.current(office.engine)
    office.say("migrated" if after != before else "migrated_already", revision=after)


@click.command("serve", cls=TeachingCommand)
@click.option("--host", help="Address to listen on; AUYL_HOST or 127.0.0.1 by default.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port; AUYL_PORT or 8000 by default.")
@click.pass_obj
def serve(office: Office, /, *, host: str | None, port: int | None) -> None:
    """Serve the pages and the API with the embedded server, for an office of up to some dozen people.

    A larger office runs `granian --interface wsgi wsgi:app` behind a proxy instead.

    Examples:
      auyl serve
      auyl serve --host 0.0.0.0 --port 8080
    """
    tolerate_gaps()
    migrations.upgrade(office.engine)
    make: Any = pkgutil.resolve_name(APPLICATION)
    app = make(office.settings, office.sessions)
    host, port = host or office.settings.host, port or office.settings.port
    try:
        server = waitress.create_server(app, host=host, port=port, threads=THREADS, ident="auyl")
    except OSError as error:
        office.warn("port_taken", host=host, port=port, reason=error.strerror)
        raise click.exceptions.Exit(1) from None
    work_off_what_waits(office.sessions)
    asker = Asker(office.sessions, Epay(office.settings.epay))
    errands = errands_of(office.settings, office.sessions)
    workers = office.background.workers(office.sessions, send=errands, ask=asker.ask_all)
    workers.start()
    office.say("serving", url=f"http://{host}:{port}")
    try:
        server.run()
    finally:
        workers.stop()


@click.command("worker", cls=TeachingCommand)
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at once.")
@click.option("--once", is_flag=True, help="Do what is left now, and leave; for a timer of the system's.")
@click.pass_obj
def worker(office: Office, /, *, threads: int, once: bool) -> None:
    """Do background work: billing runs asked for, scheduled or left; what others are told, banks are asked.

    `auyl serve` has a worker built in; servers of a region run this beside their web processes.

    Examples:
      auyl worker --threads 2
      auyl worker --once
    """
    tolerate_gaps()
    errands = errands_of(office.settings, office.sessions)
    asker = Asker(office.sessions, Epay(office.settings.epay))
    if once:
        for district_id, run_id in look_round(office.sessions):
            bill_if_left(office.sessions, district_id, run_id)
        asker.ask_all()
        errands()
        return
    office.say("working", count=threads)
    office.background.workers(office.sessions, threads=threads, send=errands, ask=asker.ask_all).run()
