"""Fixtures of the tests in a real browser: one browser and one server for a module, a database for a test."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from billing.access.models import Role
from billing.kernel.db import Sessions
from billing.kernel.i18n import Language
from tests.support.billing import open_for_business
from tests.support.browser import DESK, Visitor, chromium, serving, visitor
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.season import Season, make_season
from tests.support.web import TODAY, make_user, shared_app
from tests.support.workforce import make_engagement

# Not longer than a module: while Playwright runs, its event loop belongs to the worker's thread.
PER_BROWSER = "module"


@pytest.fixture(scope=PER_BROWSER)
def browser() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright, chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope=PER_BROWSER)
def address() -> Iterator[str]:
    """Where the pages are served."""
    with serving(shared_app()) as address:
        yield address


Sit = Callable[..., Visitor]


@pytest.fixture
def sit(browser: Browser, address: str, app: Flask, sessions: Sessions) -> Iterator[Sit]:
    """Sit down at the browser: ``sit("ru", Role.CLERK)`` is logged in, ``sit("ru")`` is a stranger."""
    contexts = []

    def sit_down(language: str, *roles: Role, screen: ViewportSize = DESK, scripts: bool = False) -> Visitor:
        context = browser.new_context(base_url=address, viewport=screen, java_script_enabled=scripts)
        contexts.append(context)
        reader = visitor(context, Language(language))
        if roles:
            login = "-".join(["reader", *roles])
            with sessions.begin(DISTRICT_ID) as session:
                make_user(session, login, *roles)
            reader.log_in(login)
        return reader

    yield sit_down
    for context in contexts:
        context.close()


@pytest.fixture
def business(app: Flask, sessions: Sessions) -> str:
    """An enterprise that can bill, a service at 1,000 tenge an hour, a worker, a household; its number."""
    with sessions.begin(DISTRICT_ID) as session:
        enterprise = open_for_business(session)
        make_service(session, enterprise.id)
        make_engagement(session, enterprise.id, starts_on=TODAY - timedelta(days=400))
        return make_customer(session).account_number


@pytest.fixture
def season(app: Flask, sessions: Sessions) -> Season:
    """One of everything, until today."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)
