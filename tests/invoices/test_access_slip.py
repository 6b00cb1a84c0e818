"""The slip with the code to log in: readable, on the paper, and nothing printed over anything."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from invoices import access_slip
from invoices.access_slip import AccessSlipDocument
from invoices.values import LocalText
from tests.invoices import samples
from tests.invoices.paper import pages, pieces, whole_text

SLIP = AccessSlipDocument(
    made_on=date(2026, 11, 26),
    organisation=samples.ENTERPRISE,
    customer=samples.RESIDENT.name,
    contract=samples.CONTRACT,
    account_number="47363900019",
    code="0123456789",
    address="https://billing.example.kz/my/login",
)


def test_a_slip_says_who_where_and_the_code():
    """Account, contract, address and the code in groups of five, in Kazakh and Russian."""
    (text,) = pages(access_slip.render(SLIP))

    for words in (
        "Жеке кабинетке қолжетімділік",
        "Доступ в личный кабинет",
        "01234 56789",
        "47363900019",
        "https://billing.example.kz/my/login",
        "№ 2026/15-ҚТ от 1 сентября 2026 г.",
        "Әбдіғаппарова Үміт Һәкімқызы",
        "26.11.2026",
        "ешкімге айтылмайды",
        "никому его не сообщайте",
    ):
        assert words in text, words


@pytest.mark.parametrize("languages", [("kk", "ru"), ("en",), ("kk", "ru", "en")], ids="+".join)
@pytest.mark.parametrize("address", [SLIP.address, ""], ids=["with address", "without"])
def test_nothing_leaves_the_paper_or_covers_another_text(languages, address):
    """With the longest names, with and without a QR code, in each language; the same bytes each time."""
    slip = replace(SLIP, languages=languages, address=address, customer=LocalText.same("Ұзын Есім " * 12))
    pdf = access_slip.render(slip)

    texts = pieces(pdf, 0)
    assert all(text.left >= 33 and text.right <= 595.28 - 33 for text in texts)
    assert not [(a.text, b.text) for a, b in combinations(texts, 2) if a.overlaps(b)]
    assert "Ұзын Есім" in whole_text(pdf) and access_slip.render(slip) == pdf


@pytest.mark.parametrize(
    "nonsense",
    [{"code": ""}, {"account_number": ""}, {"address": "https://мысал.kz"}, {"languages": ("de",)}],
)
def test_a_slip_that_opens_nothing_is_refused(nonsense):
    """No code, no account, an address that a QR code cannot carry, a language nobody prints."""
    with pytest.raises(ValueError):
        replace(SLIP, **nonsense)
