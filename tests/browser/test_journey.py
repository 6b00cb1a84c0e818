"""A fee's way through the pages in a real browser: on a phone, without JavaScript, in three languages."""

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.budget.models import RevenueLine
from billing.kernel.formats import format_money
from billing.kernel.i18n import Language, text
from billing.kernel.money import Money
from billing.payments.models import Payment
from tests.support.browser import PHONE, overflow
from tests.support.districts import DISTRICT_ID
from tests.support.web import PASSWORD, make_user

pytestmark = pytest.mark.sqlite_only


def sum_of(reader, tenge):
    """A sum as the reader's pages show it."""
    return format_money(Money.tenge(tenge), reader.language)


def take_order(clerk, account_number):
    """From the start page to the draft of an order."""
    clerk.follow("new_order")
    clerk.field("search_customer").fill(account_number)
    clerk.press("find")
    clerk.page.locator("main").get_by_role("listitem").get_by_role("link").click()
    clerk.field("quantity").fill("2,5")
    clerk.press("take_order")


def complete_order(clerk):
    """From the draft to the act."""
    clerk.press("confirm_order")
    clerk.page.get_by_role("checkbox").check()
    clerk.press("assign_order")
    clerk.page.get_by_role("row").get_by_role("textbox").fill("3")
    clerk.press("complete_order")


def take_cash(cashier, account_number, tenge):
    """From the start page to the payment."""
    cashier.follow("take_payment")
    cashier.field("search_customer").fill(account_number)
    cashier.press("find")
    cashier.page.locator("main").get_by_role("listitem").get_by_role("link").click()
    cashier.field("sum_received").fill(tenge)
    cashier.field("fiscal_number").fill("12345")
    cashier.field("register_number").fill("010101234567")
    cashier.press("show_division")
    assert cashier.says(cashier.word("division")) and overflow(cashier.page) == []
    cashier.press("confirm_payment")


@pytest.mark.parametrize("language", list(Language))
def test_a_fee_goes_from_the_clerk_to_the_budget(sit, business, sessions, language):
    """The clerk takes an order, completes and invoices it; the cashier takes money; the accountant and the
    resident read where it stands. No page scrolls sideways."""
    clerk = sit(language, Role.CLERK, screen=PHONE)
    take_order(clerk, business)
    complete_order(clerk)
    assert clerk.says(sum_of(clerk, 2500)) and clerk.pdf("act_pdf").startswith(b"%PDF")
    assert overflow(clerk.page) == []
    clerk.follow("issue_invoice")
    assert overflow(clerk.page) == []
    clerk.press("issue_invoice")
    assert clerk.says(sum_of(clerk, 2500)) and overflow(clerk.page) == []
    paper = clerk.page.get_by_role("link", name=clerk.word("public_page_link")).get_attribute("href")

    cashier = sit(language, Role.CASHIER, screen=PHONE)
    take_cash(cashier, business, "1000,50")
    assert cashier.says("206109") and cashier.says(sum_of(cashier, "1000.50"))
    assert cashier.pdf("receipt_pdf").startswith(b"%PDF") and cashier.pdf("cash_order_pdf").startswith(
        b"%PDF"
    )
    assert overflow(cashier.page) == []

    accountant = sit(language, Role.ACCOUNTANT, screen=PHONE)
    accountant.follow("menu_reports")
    accountant.follow("report_execution")
    assert accountant.says(sum_of(accountant, "1000.50")) and overflow(accountant.page) == []

    resident = sit(language, screen=PHONE)
    resident.open(f"{paper}?lang={language}")
    assert resident.says(sum_of(resident, "1499.50")) and resident.says(business)
    assert overflow(resident.page) == []
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalars(select(RevenueLine.amount)).all() == [Money.tenge("1000.50")]


def test_what_was_mistyped_is_said_at_its_field_and_kept(sit, business, sessions):
    """A wrong sum is told at the field, which names the sentence; what was typed stays; nothing is kept."""
    cashier = sit("ru", Role.CASHIER, screen=PHONE)
    cashier.follow("take_payment")
    cashier.field("search_customer").fill(business)
    cashier.press("find")
    cashier.page.locator("main").get_by_role("listitem").get_by_role("link").click()
    cashier.field("sum_received").fill("сто")
    cashier.field("payer_name").fill("Сосед")
    cashier.press("show_division")

    amount = cashier.field("sum_received")
    assert amount.input_value() == "сто" and amount.get_attribute("aria-invalid") == "true"
    sentence = cashier.page.locator(f"#{amount.get_attribute('aria-describedby').split()[0]}")
    assert sentence.inner_text() and cashier.field("payer_name").input_value() == "Сосед"
    assert overflow(cashier.page) == []
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count(Payment.id))) == 0


def test_the_keyboard_leads_past_the_menu(sit, business):
    """The first Tab shows the way to the content, the next the first thing to do there, outlined."""
    page = sit("ru", Role.CLERK).page
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == text("page.skip", Language.RU)
    assert page.locator(":focus").bounding_box()["height"] > 1

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("main :focus").count() == 1
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_keyboard_is_enough_to_log_in(sit, business, sessions):
    """The log-in has the focus; after a wrong password one types the right one and presses Enter."""
    with sessions.begin(DISTRICT_ID) as session:
        make_user(session, "aigul", Role.CLERK)
    stranger = sit("kk")
    stranger.open("/login?lang=kk")
    page, keyboard = stranger.page, stranger.page.keyboard
    for password in ("not the password", PASSWORD):
        assert page.locator(":focus").get_attribute("name") == "login"
        page.locator(":focus").select_text()
        keyboard.type("aigul")
        keyboard.press("Tab")
        keyboard.type(password)
        with page.expect_navigation():
            keyboard.press("Enter")
    assert page.url.endswith("/overview") and stranger.says(stranger.word("menu_overview"))
