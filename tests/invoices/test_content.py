"""What each form says: exact sums, words, dates, conclusions, and long tables over pages."""

from datetime import date
from decimal import Decimal

import pytest

from invoices import (
    act,
    cash_order,
    credit_note,
    invoice,
    payment_receipt,
    reconciliation_statement,
)
from invoices.values import LocalText
from tests.invoices.paper import pages, whole_text
from tests.invoices.samples import (
    RESIDENT,
    make_account,
    make_act,
    make_cash_order,
    make_credit_note,
    make_invoice,
    make_line,
    make_payment_receipt,
    make_reconciliation,
)


def test_an_invoice_says_what_to_pay_in_both_languages():
    """Numbers, dates, the payment order's codes and the amount in words stand on the one page."""
    (text,) = pages(invoice.render(make_invoice()))

    for expected in (
        "Төлемге арналған шот № 2026-000123, 2026 жылғы 23 қараша",
        "Счет на оплату № 2026-000123 от 23 ноября 2026 г.",
        "KZ456010000000000001",
        "HSBKKZKX",
        "БСН / БИН: 991240000003",
        "ЖСН 991231500016, Әбдіғаппарова Үміт Һәкімқызы",
        "№ 2026/15-ҚТ от 1 сентября 2026 г.",
        "Оплатить до: 2026 жылғы 10 желтоқсан 10 декабря 2026 г.",
        "2,5 сағ. час 4 360,00 10 900,00",
        "ҚҚС-сыз / Без налога (НДС):",
        "Барлығы 1 атау, 10 900,00 KZT сомасына",
        "Всего наименований 1, на сумму 10 900,00 KZT",
        "Төлеуге барлығы: Он мың тоғыз жүз теңге 00 тиын",
        "Всего к оплате: Десять тысяч девятьсот тенге 00 тиын",
    ):
        assert expected in text, expected


def test_vat_is_totalled_by_rate():
    """Lines of two rates and one without VAT give three totals, the highest rate first."""
    lines = (
        make_line(1, vat_rate=Decimal(16), vat=150345),
        make_line(2, vat_rate=Decimal(16), vat=100),
        make_line(3, vat_rate=Decimal(12), vat=116786),
        make_line(4),
    )
    text = whole_text(invoice.render(make_invoice(lines=lines, languages=("ru",))))

    assert (
        "Итого: 43 600,00 В том числе НДС 16%: 1 504,45 В том числе НДС 12%: 1 167,86 "
        "Без налога (НДС): 10 900,00"
    ) in text


def test_a_benefit_has_a_column_only_when_there_is_one():
    """An invoice without a benefit shows no empty column for it."""
    without = whole_text(invoice.render(make_invoice(languages=("ru",))))
    line = make_line(benefit=109000, amount=981000)
    reason = LocalText("Көпбалалы отбасы", "Многодетная семья")
    given = whole_text(invoice.render(make_invoice(lines=(line,), benefit_reason=reason, languages=("ru",))))

    assert "Льгота" not in without
    assert "4 360,00 1 090,00 9 810,00" in given
    assert "Основание льготы: Многодетная семья" in given
    assert "Девять тысяч восемьсот десять тенге 00 тиын" in given


def test_the_personal_account_shows_its_sums():
    """Opening debt, charged, benefit, paid and closing debt stand in one row with the period."""
    text = whole_text(invoice.render(make_invoice(account=make_account(), languages=("ru",))))

    assert "Лицевой счет Период Долг на начало Начислено Льгота Оплачено Долг на конец" in text
    assert "473639-000017-4" in text
    assert "01.11.2026 – 30.11.2026" in text
    assert "2 500,00 11 900,00 1 000,00 2 500,00 10 900,00" in text


def test_another_payer_is_named():
    """Who pays for the buyer stands under the buyer."""
    text = whole_text(invoice.render(make_invoice(payer=RESIDENT, contract=None)))

    assert "Төлеуші / Плательщик:" in text
    assert "Без договора" in text


@pytest.mark.parametrize(
    ("pdf", "head", "page_word", "expected_pages"),
    [
        (lambda: invoice.render(make_invoice(64)), "Коды", "Страница {} из {}", 4),
        (lambda: credit_note.render(make_credit_note(64)), "Коды", "Страница {} из {}", 4),
        (lambda: act.render(make_act(64, languages=("ru",))), "Единица измерения", "Страница {} из {}", 4),
        (lambda: reconciliation_statement.render(make_reconciliation(63)), "Сальдо", "Страница {} из {}", 4),
        (lambda: payment_receipt.render(make_payment_receipt(64)), "Атауы", "Страница {} из {}", 3),
    ],
    ids=["invoice", "credit_note", "act", "reconciliation", "payment_receipt"],
)
def test_long_tables_repeat_their_heads_and_number_their_pages(pdf, head, page_word, expected_pages):
    """Sixty lines run over pages; each has the head and says which of how many it is."""
    texts = pages(pdf())

    assert len(texts) == expected_pages
    for number, text in enumerate(texts, 1):
        assert head in text
        assert page_word.format(number, expected_pages) in text


def test_a_long_invoice_loses_no_line():
    """Every code of 200 lines stands on exactly one page, in order."""
    texts = pages(invoice.render(make_invoice(200)))

    found = [code for text in texts for code in text.split() if code[:1] == "S" and code[1:].isdigit()]
    assert found == [f"S{number:03d}" for number in range(1, 201)]


def test_a_row_taller_than_a_page_goes_on_over_the_next():
    """A line whose name fills more than a page is continued, and no word of it is lost."""
    words = [f"сөз{number}" for number in range(2500)]
    line = make_line(name=LocalText.same(" ".join(words)))

    texts = pages(invoice.render(make_invoice(lines=(line,), languages=("kk",))))

    assert len(texts) > 2
    assert [word for text in texts for word in text.split() if word.startswith("сөз")] == words


def test_one_page_is_not_numbered():
    """A document of one page says nothing about pages."""
    assert "Страница" not in whole_text(invoice.render(make_invoice()))


def test_an_act_is_a_whole_copy_in_each_language():
    """The act's Kazakh copy comes first, the Russian one after it, each with form, parties and total."""
    kazakh, russian = pages(act.render(make_act(2)))

    assert "562 бұйрығына 50-қосымша Р-1 нысаны" in kazakh
    assert "Тапсырды (Орындаушы)" in kazakh
    assert "Приложение 50 к приказу Министра финансов Республики Казахстан" in russian
    assert "Форма Р-1" in russian
    assert "20.11.2026 – 22.11.2026" in russian
    assert "Итого 5 х 21 800,00" in russian
    assert "Дата подписания (принятия) работ (услуг) 23.11.2026" in russian


def test_an_act_does_not_add_hours_to_litres():
    """The total of quantities is a cross when the units differ."""
    lines = make_act(2).lines
    litres = LocalText("литр", "литр")
    changed = type(lines[1])(
        name=lines[1].name,
        performed_from=date(2026, 11, 20),
        unit=litres,
        quantity=Decimal(3),
        unit_price=100,
        amount=300,
    )

    text = whole_text(act.render(make_act(lines=(lines[0], changed), languages=("ru",))))

    assert "Итого х х 10 903,00" in text


def test_copies_number_their_pages_apart():
    """A long act in two languages has pages 1 to 3 twice, each in its own language."""
    texts = pages(act.render(make_act(45)))

    assert ["1-бет, барлығы 3" in text for text in texts] == [True] + [False] * 5
    assert ["Страница 1 из 3" in text for text in texts] == [False] * 3 + [True] + [False] * 2


def test_a_cash_order_and_its_receipt_say_the_same():
    """Both parts name the payer, the ground and the amount with the tiyn in words."""
    (text,) = pages(cash_order.render(make_cash_order()))

    assert text.count("Десять тысяч девятьсот тенге ноль тиын") == 2
    assert text.count("Он мың тоғыз жүз теңге нөл тиын") == 2
    assert text.count("Әбдіғаппарова Үміт Һәкімқызы") == 2
    assert text.count("По счету № 2026-000123") == 2
    assert "к приходному кассовому ордеру № 58" in text
    assert "1010 1210 10 900,00 206108" in text


def test_a_cash_order_shows_the_fiscal_receipt_when_given():
    """Fiscal sign, register number and time are printed when known, and no empty captions otherwise."""
    known = whole_text(cash_order.render(make_cash_order(languages=("ru",))))
    unknown = whole_text(cash_order.render(make_cash_order(languages=("ru",), fiscal=None)))

    assert "фискальный признак 1234567890, рег. номер ККМ 010101234567, 23.11.2026 14:05" in known
    assert "ККМ" not in unknown


def test_a_credit_note_names_its_invoice_and_what_remains():
    """The note says to which invoice, why, how much, and the invoice's total before and after."""
    text = whole_text(credit_note.render(make_credit_note(2, languages=("ru",))))

    assert "К счету на оплату № 2026-000123 от 23 ноября 2026 г." in text
    assert "Объём работ перемерен" in text
    assert "Сумма уменьшения: Двадцать одна тысяча восемьсот тенге 00 тиын" in text
    assert "Сумма счета до уменьшения: 60 000,00 KZT" in text
    assert "Сумма счета после уменьшения: 38 200,00 KZT" in text


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        (250000, "задолженность контрагента перед организацией составляет 2 500,00 тенге (Две тысячи"),
        (-250001, "задолженность организации перед контрагентом составляет 2 500,01 тенге (Две тысячи"),
        (0, "По состоянию на 30 ноября 2026 г. задолженность между сторонами отсутствует."),
    ],
)
def test_a_reconciliation_concludes_who_owes_whom(opening, expected):
    """The conclusion follows the sign of the closing balance."""
    document = make_reconciliation(2, opening=opening, languages=("ru",))

    text = whole_text(reconciliation_statement.render(document))

    assert expected in text
    assert "Обороты за период 10 900,00 10 900,00" in text


def test_a_reconciliation_may_have_no_operations():
    """A quiet period still has its opening and closing balance."""
    document = make_reconciliation(0, languages=("ru",))

    text = whole_text(reconciliation_statement.render(document))

    assert "Сальдо на начало периода 2 500,00 Обороты за период 0,00 0,00" in text
    assert "Сальдо на конец периода 2 500,00" in text


def test_a_payment_receipt_says_what_was_settled_and_why():
    """Settled lines, the advance, the remaining debt and the reason of the order are printed."""
    text = whole_text(payment_receipt.render(make_payment_receipt(2, languages=("ru",), debt_after=123)))

    assert "Принято: Двадцать две тысячи триста тенге 00 тиын" in text
    assert "2026-000002 01.11.2026 Доставка питьевой воды (цистерной) 10 900,00" in text
    assert "Аванс: 500,00" in text
    assert "Остаток задолженности: 1,23" in text
    assert "Сначала самый старый долг" in text


def test_a_receipt_of_an_advance_alone_has_no_table():
    """Money that settled nothing yet is all advance."""
    document = make_payment_receipt(0, languages=("ru",))

    text = whole_text(payment_receipt.render(document))

    assert "Что погашено" not in text
    assert "Аванс: 500,00" in text
