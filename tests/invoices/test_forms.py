"""Every form, in every language: readable text, equal bytes, nothing off the paper or overlapping."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations

import pytest

from invoices import (
    act,
    cash_order,
    credit_note,
    invoice,
    payment_receipt,
    reconciliation_statement,
)
from invoices.values import LocalText, Party, Signatory
from tests.invoices import samples
from tests.invoices.paper import pages, pieces, read, whole_text

FORMS = {
    "invoice": (invoice, samples.make_invoice, "buyer"),
    "act": (act, samples.make_act, "customer"),
    "cash_order": (cash_order, samples.make_cash_order, "organisation"),
    "credit_note": (credit_note, samples.make_credit_note, "buyer"),
    "payment_receipt": (payment_receipt, samples.make_payment_receipt, "payer"),
    "reconciliation": (reconciliation_statement, samples.make_reconciliation, "counterparty"),
}
LANGUAGES = [("kk", "ru"), ("kk",), ("ru",), ("en",), ("kk", "ru", "en")]
TITLES = {
    "invoice": ("Төлемге арналған шот № 2026-000123", "Счет на оплату № 2026-000123", "Invoice for payment"),
    "act": ("АКТІСІ*", "АКТ ВЫПОЛНЕННЫХ РАБОТ (ОКАЗАННЫХ УСЛУГ)*", "ACT OF COMPLETED WORK"),
    "cash_order": ("КІРІС КАССАЛЫҚ ОРДЕР", "ПРИХОДНЫЙ КАССОВЫЙ ОРДЕР", "CASH RECEIPT ORDER"),
    "credit_note": ("Кредит-нота № К-3, 2026 жылғы", "Кредит-нота № К-3 от", "Credit note No. К-3"),
    "payment_receipt": ("Төлем түбіртегі № П-900", "Квитанция об оплате № П-900", "Payment receipt No."),
    "reconciliation": (
        "салыстыру актісі № 7",
        "Акт сверки взаимных расчётов № 7",
        "Reconciliation statement",
    ),
}
ALL_LETTERS = f"Һәкімқызы {samples.KAZAKH_LETTERS} ₸ № «ёЁ»"


def render(form: str, **changes) -> bytes:
    module, make, _ = FORMS[form]
    return module.render(make(**changes))


@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_titled_in_the_languages_asked_for_and_no_other(form, languages):
    """The title stands in each language asked for, and in none that was not."""
    text = whole_text(render(form, languages=languages))

    for language, title in zip(("kk", "ru", "en"), TITLES[form], strict=True):
        assert (title in text) == (language in languages), (language, title)


@pytest.mark.parametrize("form", FORMS)
def test_every_kazakh_letter_can_be_read_back(form):
    """A name with all Kazakh letters, ₸ and № comes back from the file as it went in."""
    _, _, field = FORMS[form]

    text = whole_text(render(form, **{field: Party(LocalText.same(ALL_LETTERS), "991240000003")}))

    assert ALL_LETTERS in text


@pytest.mark.parametrize("form", FORMS)
def test_letters_of_other_alphabets_are_drawn_too(form):
    """A name outside our three alphabets costs a second font, not the letters; the rest is what it was."""
    _, _, field = FORMS[form]
    foreign = "Ўткир Ñúñez €"

    text = whole_text(render(form, **{field: Party(LocalText.same(foreign))}))

    assert foreign in text
    assert TITLES[form][0] in text and TITLES[form][1] in text


@pytest.mark.parametrize("form", FORMS)
def test_equal_documents_give_equal_bytes(form):
    """The same document rendered twice is the same file, so its hash can be archived."""
    assert render(form) == render(form)
    assert render(form) != render(form, number="another")


def test_another_process_gives_the_same_bytes():
    """A fresh process with another hash seed renders every form to the same file."""
    program = (
        "import hashlib; from tests.invoices.test_forms import FORMS, render\n"
        "for form in FORMS: print(hashlib.sha256(render(form)).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert answer.stdout.split() == [hashlib.sha256(render(form)).hexdigest() for form in FORMS]


def test_threads_do_not_mix_their_documents():
    """Documents rendered at once in several threads are what they are alone."""
    numbers = [str(number) for number in range(24)]
    expected = [render("invoice", number=number) for number in numbers]

    with ThreadPoolExecutor(6) as pool:
        rendered = list(pool.map(lambda number: render("invoice", number=number), numbers))

    assert rendered == expected


@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
@pytest.mark.parametrize("form", FORMS)
def test_nothing_leaves_the_paper_or_covers_another_text(form, languages):
    """With the longest names of real life every text lies inside the margins and apart from the others."""
    pdf = render(form, languages=languages)

    for number, page in enumerate(read(pdf).pages):
        texts = pieces(pdf, number)
        assert texts
        for text in texts:
            assert text.left >= 33, text
            assert text.right <= float(page.mediabox.width) - 33, text
            assert text.low >= 20, text
            assert text.high <= float(page.mediabox.height) - 20, text
        assert not [(a.text, b.text) for a, b in combinations(texts, 2) if a.overlaps(b)]


@pytest.mark.parametrize("form", FORMS)
def test_long_positions_and_names_fit_their_places(form):
    """Who signs may have the longest name and position; they do not run over the next place."""
    signatory = Signatory(
        LocalText.same("Директордың шаруашылық жұмысы жөніндегі бірінші орынбасарының міндетін атқарушы"),
        "Әбдірахманова-Жүнісбекова Үміт-Бибігүл Һәкімжанқызы",
    )
    document = FORMS[form][1]()
    fields = [name for name in document.__slots__ if isinstance(getattr(document, name), Signatory)]
    assert fields

    pdf = FORMS[form][0].render(replace(document, **dict.fromkeys(fields, signatory)))

    assert signatory.name in whole_text(pdf)
    for number in range(len(pages(pdf))):
        texts = pieces(pdf, number)
        assert not [(a.text, b.text) for a, b in combinations(texts, 2) if a.overlaps(b)]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_says_what_it_is(form):
    """Title and language are in the file, and no font but the two embedded ones."""
    reader = read(render(form, languages=("ru",)))

    assert reader.metadata.title
    assert reader.trailer["/Root"]["/Lang"] == "ru"
    fonts = reader.pages[0]["/Resources"]["/Font"]
    embedded = {font.get_object()["/BaseFont"] for font in fonts.values()}
    assert embedded == {"/AUYLRA+NotoSans", "/AUYLBA+NotoSans-Bold"}
    assert all("/FontFile2" in font.get_object()["/FontDescriptor"] for font in fonts.values())


@pytest.mark.parametrize("form", FORMS)
def test_a_very_long_name_is_broken_into_lines(form):
    """A name of a thousand letters without a space still lies on the paper, and loses no letter."""
    _, _, field = FORMS[form]
    pdf = render(form, **{field: Party(LocalText.same("Ұ" * 1000))}, languages=("kk",))

    assert "".join(whole_text(pdf).split()).count("Ұ") >= 1000
    for number in range(len(pages(pdf))):
        assert all(piece.right <= 842 - 33 for piece in pieces(pdf, number))


def test_template_versions_are_all_different():
    """The archive can tell from the version which form and layout a file was drawn with."""
    versions = {module.TEMPLATE_VERSION for module, _, _ in FORMS.values()}

    assert len(versions) == len(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_language_or_no_number_is_refused(form):
    """A document in an unknown, repeated or missing language, or without a number, cannot be made."""
    document = FORMS[form][1]()

    for languages in ((), ("de",), ("ru", "ru")):
        with pytest.raises(ValueError, match="language"):
            replace(document, languages=languages)
    with pytest.raises(ValueError, match="number"):
        replace(document, number="")
