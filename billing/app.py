"""The application: settings and a database in, a Flask application out. Nothing happens at import."""

from flask import Flask

from billing import pages
from billing.access import api as access
from billing.archive import api as archive
from billing.archive.press import PROCESSES
from billing.archive.service import DocumentStore, storing_in
from billing.budget import api as budget
from billing.catalog import api as catalog
from billing.config import Settings, load_secret_key
from billing.customers import api as customers
from billing.customers import contract_api as contracts
from billing.customers import link_api as account_links
from billing.customers.account_links import PUBLIC_URL, signing_with
from billing.districts import api as districts
from billing.districts import cash_desk_api as cash_desks
from billing.invoicing import api as invoicing
from billing.invoicing.runs import api as runs
from billing.invoicing.runs import schedule_api as schedules
from billing.invoicing.runs.printing import drawing_late
from billing.invoicing.runs.service import WAKE
from billing.kernel.db import Sessions, make_engine, make_replica
from billing.ledger import api as ledger
from billing.ledger import enterprise_api as enterprises
from billing.orders import api as orders
from billing.outbox import api as webhooks
from billing.payments import api as payments
from billing.payments.cards import api as card_payments
from billing.payments.cards import notice_api as card_notices
from billing.payments.cards.epay import Epay
from billing.payments.providers import api as providers
from billing.payments.providers.protocol import api as provider_calls
from billing.payments.receipt_books import api as receipt_books
from billing.payments.statements import api as statements
from billing.receivables import api as receivables
from billing.reconciliation import api as reconciliation
from billing.reconciliation import profiles_api as column_profiles
from billing.reconciliation import proof_api as bank_proof
from billing.reconciliation.matching import decision_api as decisions
from billing.reconciliation.matching import exceptions_api as exceptions
from billing.reconciliation.matching import rules_api as matching
from billing.reconciliation.three_way import api as three_way
from billing.reconciliation.three_way import registry_api as provider_registries
from billing.requests import api as requests
from billing.verification import api as verification
from billing.web import errors, login, openapi, security
from billing.web.access import refuse_unmarked_routes
from billing.web.transaction import TransactionalFlask
from billing.worker.background import Background
from billing.worker.uploads import work_off_later
from billing.workforce import api as workforce
from billing.workforce import contractor_api as contractors

# Every slice that has an API, as people read the documentation.
BLUEPRINTS = (
    access.blp,
    districts.blp,
    cash_desks.blp,
    enterprises.blp,
    catalog.blp,
    customers.blp,
    contracts.blp,
    account_links.blp,
    workforce.blp,
    contractors.blp,
    orders.blp,
    requests.blp,
    invoicing.blp,
    runs.blp,
    schedules.blp,
    payments.blp,
    providers.blp,
    card_payments.blp,
    receipt_books.blp,
    statements.blp,
    receivables.blp,
    reconciliation.blp,
    column_profiles.blp,
    bank_proof.blp,
    ledger.blp,
    provider_registries.blp,
    three_way.blp,
    budget.blp,
    decisions.blp,
    exceptions.blp,
    matching.blp,
    verification.blp,
    archive.blp,
    webhooks.blp,
)


def create_app(settings: Settings | None = None, sessions: Sessions | None = None) -> Flask:
    """The application, ready to serve.

    Args:
        settings: from the environment if None.
        sessions: a database that is open already, for the command line and tests.
    """
    settings = settings or Settings.from_environment()
    app = TransactionalFlask("billing", template_folder="pages/templates", static_folder="pages/static")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.secret_key = load_secret_key(settings)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # people read these answers in a terminal
    app.extensions["settings"] = settings
    app.extensions["sessions"] = sessions or Sessions(
        make_engine(settings.database_url),
        storing_in(DocumentStore(settings.documents))
        | drawing_late()
        | signing_with(app.secret_key)
        | {
            PUBLIC_URL: settings.public_url,
            PROCESSES: settings.print_processes,
            WAKE: Background(settings.queue_url).wake,
        },
        make_replica(settings.read_database_url) if settings.read_database_url else None,
    )
    app.extensions[reconciliation.TAKE_UP] = work_off_later
    app.extensions[card_notices.GATEWAY] = Epay(settings.epay)
    security.protect(app, https=settings.public_url.startswith("https://"), proxies=settings.proxies)
    security.register_health(app)
    login.register_login(app)
    errors.register_error_handlers(app, pages.error_page)
    pages.register(app)
    app.register_blueprint(provider_calls.blp)
    app.register_blueprint(card_notices.blp)
    api = openapi.make_api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    refuse_unmarked_routes(app)
    return app
