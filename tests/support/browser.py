"""A real browser in front of the served pages: the machine's own Chromium, driven by Playwright.

Whoever sits at it acts by what a page says: labels, buttons and links are found by their names in the
reader's language, as a person or a screen reader finds them.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, ViewportSize
from werkzeug.serving import WSGIRequestHandler, make_server

from billing.kernel.i18n import Language, text
from tests.support.web import PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1024, "height": 768}  # the screen of an old PC
PATIENCE_MS = 60_000  # a busy build machine is slow, not wrong

_axe = Axe()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Say nothing about what went well."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address at which the application answers while the block runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, name="served pages")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The machine's own browser; where it has none, the one Playwright installed."""
    own = next(filter(None, map(shutil.which, NAMES)), None)
    with playwright.chromium.launch(executable_path=own, args=FLAGS) as browser:
        yield browser


@dataclass(frozen=True)
class Visitor:
    """Somebody at the browser, in one language.

    Attributes:
        page: the tab he looks at.
    """

    page: Page
    language: Language

    def word(self, code: str, **facts: object) -> str:
        """What a text of the pages says in his language."""
        return text(f"page.{code}", self.language, **facts)

    def open(self, path: str) -> None:
        """Type an address; the page must be there."""
        answer = self.page.goto(path)
        assert answer is not None and answer.status < 400, (path, answer and answer.status)

    def field(self, code: str, **facts: object) -> Locator:
        """The field with this label, whether or not it is marked as needed."""
        label = re.escape(self.word(code, **facts))
        return self.page.get_by_label(re.compile(rf"^\s*{label}\s*\*?\s*$"))

    def press(self, code: str) -> None:
        """Press the button with this word."""
        self._lead("button", code)

    def follow(self, code: str) -> None:
        """Follow the link with this word."""
        self._lead("link", code)

    def _lead(self, role: Literal["button", "link"], code: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role(role, name=self.word(code), exact=True).first.click()

    def log_in(self, login: str) -> None:
        """Log in by the form."""
        self.open(f"/login?lang={self.language}")
        self.field("login").fill(login)
        self.field("password").fill(PASSWORD)
        self.press("log_in")

    def says(self, words: str) -> bool:
        """Whether the page's content says these words, however they are spaced."""
        return _spaced(words) in _spaced(self.page.locator("main").inner_text())

    def pdf(self, code: str) -> bytes:
        """The document behind the link with this word."""
        link = self.page.get_by_role("link", name=self.word(code), exact=True)
        return self.page.request.get(str(link.get_attribute("href"))).body()


def _spaced(words: str) -> str:
    return " ".join(words.split())


def visitor(context: BrowserContext, language: Language) -> Visitor:
    """Somebody who opens a tab."""
    context.set_default_timeout(PATIENCE_MS)
    return Visitor(context.new_page(), language)


def barriers(page: Page) -> str:
    """What keeps people who cannot see or point well from using the page, as axe reports it; or nothing."""
    results = _axe.run(page)
    return "" if not results.violations_count else f"{page.url}\n{results.generate_report()}"


def overflow(page: Page) -> list[str]:
    """What sticks out of the screen, so that the page would scroll sideways, or out of the page's content."""
    found: list[str] = page.evaluate(
        """() => {
            const screen = document.documentElement
            const edge = document.querySelector("main").getBoundingClientRect().right
            const scrolls = each => each.closest(".table-responsive") !== null
            const out = [...document.querySelectorAll("main *")]
                .filter(each => !scrolls(each) && each.getBoundingClientRect().right > edge + 0.5)
                .map(each => each.outerHTML.slice(0, 120))
            return screen.scrollWidth > screen.clientWidth ? [...out, `${screen.scrollWidth} pixels`] : out
        }"""
    )
    return found
