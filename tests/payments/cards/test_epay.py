"""Halyk ePay's wire: what it is sent, what its answers mean, and what it may answer instead."""

import json

import pytest

from billing.config import Settings, WrongSetting
from billing.kernel.money import Money
from billing.kernel.shown import Language
from billing.payments.cards.gateway import CardOutcome, GatewayUnavailable, MalformedNotice, Order
from tests.support.epay import MERCHANT, open_bank

BIN = "971240001315"
NUMBER = "100000001"
ORDER = Order(
    merchant=BIN,
    number=NUMBER,
    amount=Money.tenge("1160.50"),
    secret="0f" * 32,
    back_link="https://auyl.example/cards/1",
    notice_link="https://auyl.example/cards/1/notice",
    account="47363900019",
    description="Шот № 000001",
    language=Language.KK,
)


@pytest.fixture(scope="module")
def open_for_all():
    """One stand-in for the file."""
    with open_bank() as bank:
        yield bank


@pytest.fixture
def bank(open_for_all):
    """The stand-in, as new."""
    open_for_all.orders.clear()
    open_for_all.faults.clear()
    return open_for_all


@pytest.fixture
def epay(bank):
    """Our side."""
    return bank.gateway(BIN)


def test_the_token_is_asked_for_the_order_and_its_page_opened_with_it(bank, epay):
    """The secret goes to the bank alone; the browser gets the terminal, the sum and the token."""
    hand_over = epay.hand_over(ORDER)

    assert bank.orders[NUMBER].form == {
        "grant_type": "client_credentials",
        "scope": "payment",
        "client_id": MERCHANT.client_id,
        "client_secret": MERCHANT.client_secret,
        "terminal": MERCHANT.terminal,
        "invoiceID": NUMBER,
        "secret_hash": ORDER.secret,
        "amount": "1160.50",
        "currency": "KZT",
        "postLink": ORDER.notice_link,
        "failurePostLink": ORDER.notice_link,
    }
    assert hand_over.script == f"{bank.url}/payform/payment-api.js"
    parameters = dict(hand_over.parameters)
    assert parameters.pop("auth")["access_token"] == f"TOKEN-{bank.tokens}"
    assert parameters == {
        "invoiceId": NUMBER,
        "amount": "1160.50",
        "currency": "KZT",
        "terminal": MERCHANT.terminal,
        "accountId": "47363900019",
        "description": "Шот № 000001",
        "language": "kaz",
        "backLink": ORDER.back_link,
        "failureBackLink": ORDER.back_link,
        "postLink": ORDER.notice_link,
        "failurePostLink": ORDER.notice_link,
    }
    told = json.dumps(hand_over.parameters)
    assert ORDER.secret not in told and MERCHANT.client_secret not in told


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (None, CardOutcome.UNKNOWN),
        ("NEW", CardOutcome.PENDING),
        ("AUTH", CardOutcome.PENDING),
        ("CHARGE", CardOutcome.CHARGED),
        ("CANCEL", CardOutcome.RETURNED),
        ("CANCEL_OLD", CardOutcome.RETURNED),
        ("REFUND", CardOutcome.RETURNED),
        ("REJECT", CardOutcome.REFUSED),
        ("FAILED", CardOutcome.REFUSED),
        ("3D", CardOutcome.REFUSED),
    ],
)
def test_every_status_has_its_meaning(bank, epay, state, outcome):
    """What is only held on the card is not taken yet."""
    epay.hand_over(ORDER)
    if state:
        bank.type_card(NUMBER, state)

    report = epay.ask(BIN, NUMBER)

    assert report.outcome is outcome
    assert report.amount == (ORDER.amount if state else None)
    assert report.reference == (f"af2089fe-{NUMBER}" if state else None)


@pytest.mark.parametrize("fault", [500, 401, 302, "text", "cut", "slow"])
def test_a_bank_that_does_not_answer_rightly_says_nothing(bank, epay, fault):
    """Errors, pages instead of answers, cut lines and silence: nothing is concluded from them."""
    bank.faults.append(fault)
    with pytest.raises(GatewayUnavailable):
        bank.gateway(BIN, timeout_seconds=1).hand_over(ORDER)
    bank.faults += ["", fault]
    with pytest.raises(GatewayUnavailable):
        bank.gateway(BIN, timeout_seconds=1).ask(BIN, NUMBER)


@pytest.mark.parametrize("lie", [{"state": "DREAMT"}, {"number": "100000002"}])
def test_an_answer_about_something_else_says_nothing(bank, epay, lie):
    """A status nobody knows, or another order's transaction."""
    epay.hand_over(ORDER)
    bank.type_card(NUMBER, lie.get("state", "CHARGE"))
    if "number" in lie:
        honest, bank.status = bank.status, lambda number: other(honest(number), lie["number"])
    try:
        with pytest.raises(GatewayUnavailable):
            epay.ask(BIN, NUMBER)
    finally:
        vars(bank).pop("status", None)


def other(answer, number):
    answer[1]["transaction"]["invoiceID"] = number
    return answer


def test_nobody_is_there_on_the_other_side(bank):
    """A port that nobody listens on, and an enterprise without an agreement."""
    with pytest.raises(GatewayUnavailable) as refusal:
        bank.gateway().ask(BIN, NUMBER)
    assert refusal.value.facts == {"reason": f"AUYL_EPAY_MERCHANTS: {BIN}"}


@pytest.mark.parametrize(
    ("amount", "read"),
    [
        ("1160.5", "1160.50"),
        ("1160.50000", "1160.50"),
        ("1160", "1160.00"),
        ('"1160.50"', "1160.50"),
        ("1160.505", None),
        ("-1160.50", None),
        ("1e3", None),
        ("NaN", None),
        ("null", None),
        ("[1]", None),
        ("99999999999999", None),
    ],
)
def test_a_notice_s_sum_is_read_exactly_or_not_at_all(bank, epay, amount, read):
    """No float comes near it, and nothing is rounded."""
    epay.hand_over(ORDER)
    bank.type_card(NUMBER)
    body = json.dumps(bank.notice(NUMBER, amount="HERE")).replace('"HERE"', amount)

    notice = epay.read_notice(body.encode())

    assert notice.report.outcome is CardOutcome.CHARGED
    assert (notice.order_number, notice.secret) == (NUMBER, ORDER.secret)
    assert notice.report.amount == (None if read is None else Money.tenge(read))


def test_dollars_are_no_tenge(bank, epay):
    """A sum in another currency is none."""
    epay.hand_over(ORDER)
    assert epay.read_notice(json.dumps(bank.notice(NUMBER, currency="USD")).encode()).report.amount is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"invoiceId=100000001&code=ok", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "code"),
        (b'{"code": "maybe", "invoiceId": "100000001"}', "code"),
        (b'{"code": "ok", "invoiceId": "1; DROP"}', "invoiceId"),
        (b'{"code": "ok", "invoiceId": ["100000001"]}', "invoiceId"),
    ],
)
def test_what_is_no_notice_is_refused_by_its_field(epay, body, field):
    """Rubbish of every kind."""
    with pytest.raises(MalformedNotice) as refusal:
        epay.read_notice(body)
    assert refusal.value.facts == {"field": field}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUYL_EPAY_MERCHANTS", "auyl:secret"),
        ("AUYL_EPAY_MERCHANTS", '["auyl"]'),
        ("AUYL_EPAY_MERCHANTS", '{"971240001315": "secret"}'),
        ("AUYL_EPAY_MERCHANTS", '{"971240001315": {"client_id": "auyl", "secret": "secret"}}'),
        ("AUYL_EPAY_OAUTH_URL", "epay-oauth.homebank.kz"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_said(name, value):
    """The refusal says how the variable is written, not what stands in it."""
    with pytest.raises(WrongSetting, match=name) as refusal:
        Settings.from_environment({name: value})
    assert "secret " not in str(refusal.value) and value not in str(refusal.value)


def test_secrets_are_not_shown_with_the_settings():
    """Whoever prints settings prints no secret."""
    told = f'{{"{BIN}": {{"client_id": "auyl", "client_secret": "hush", "terminal": "67e3"}}}}'
    settings = Settings.from_environment({"AUYL_EPAY_MERCHANTS": told})
    assert settings.epay.merchants[BIN].client_secret == "hush"
    assert "hush" not in repr(settings)
