"""What a purpose names, in the spellings people and banks use; and any text at all."""

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing.kernel.identifiers import make_account_number
from billing.reconciliation.matching.purpose import (
    NOTHING,
    PURPOSE_LENGTH_MAX,
    AccountMention,
    InvoiceMention,
    Mentions,
    folded,
    read_purpose,
)
from tests.support.identifiers import synthetic_bin, synthetic_iin

ACCOUNT = make_account_number("473639100", 1)
LONG_ACCOUNT = make_account_number("473639100", 12_345)
PERSON = synthetic_iin(7)
SECONDS_MAX = 2  # of the processor, for a purpose made to be slow; it takes a few thousandths


def invoices_of(text):
    """Number and year of each invoice the text calls an invoice."""
    return [(each.number, each.year) for each in read_purpose(text).invoices if each.named]


def accounts_of(text):
    """The accounts the text calls accounts, with their check digit."""
    return [each.number for each in read_purpose(text).accounts if each.named and each.complete]


@pytest.mark.parametrize(
    "text",
    [
        "шот 000123",
        "шот 123",
        "Шот №123",
        "ШОТ № 000123",
        "шоты №123",
        "шотқа 123",
        "шоттың нөмірі 123",
        "шот нөмірі: 000123",
        "төлемге арналған шот № 123",
        "төлемге арнал?ан шот ? 000123",
        "есепшот 123",
        "есеп-шот №123",
        "№ 123 шот бойынша төлем",
        "№123 шотқа сәйкес",
        "№ 000123 төлем шоты бойынша",
        "Үлгі ауылы, қар тазалау ақысы, шот 000123",
        "?лгі ауылы, ?ар тазалау а?ысы, шот 000123",
        "сч.№123",
        "сч 123",
        "сч. 000123",
        "сч.N123",
        "сч. No 123",
        "сч.Nº123",
        "счет 123",
        "счёт №123",
        "Счет № 000123",
        "по счету 123",
        "по счету на оплату № 123",
        "счет на оплату №123.",
        "счет/на оплату 123",
        "СЧЕТ-НА-ОПЛАТУ 000123",
        "счет номер 123",
        "счета N 123",
        "cчет 123",  # the first letter is Latin
        "CЧET №123",
        "шoт 123",
        "invoice 123",
        "Invoice No. 000123",
        "инвойс 123",
        "schet 123",
        "счет#123",
        "счет (№123)",
        "счет «123»",
        "счет\N{NO-BREAK SPACE}№\N{NO-BREAK SPACE}123",
        "счет №\N{NARROW NO-BREAK SPACE}123, 5000 тг",
        "счет 123 5000.00",
        "счет 123 - 5000 тенге",
        "счет 0ОО123",  # letters O for zeros
        "оплата за уборку снега.Счет№123.Без НДС",
        "/KNP/859 Оплата по счету 000123",
        "счет 123 за 05.2026",
        "ОПЛАТА ПО СЧЕТУ 123 КНП 859",
    ],
)
def test_an_invoice_is_read_in_every_spelling(text):
    """Whoever means invoice 123 and names no year is understood so, and nothing else is."""
    assert invoices_of(text) == [(123, None)]


@pytest.mark.parametrize(
    "text",
    [
        "счет на оплату № 123 от 05.03.2026",
        "счет на оплату № 000123 от 05.03.26 г.",
        "сч.№123 от 5.3.2026г",
        "счет №123 от 5 марта 2026 г.",
        "счет 123/2026",
        "шот №123-2026",
        "шот 123, 05.03.2026 ж.",
        "шот 123 (05.03.2026)",
        "счет от 05.03.2026 № 123",
        "счет от 5 марта 2026 г. № 123",
        "2026 жылғы 5 наурыздағы № 123 шот",
        "2026 жыл?ы 5 наурызда?ы №123 шот бойынша",
        "2026 жылғы № 123 шотқа",
    ],
)
def test_the_year_of_an_invoice_is_read_where_it_is_said(text):
    """The year stands in the number, or in the date before or after it."""
    assert invoices_of(text) == [(123, 2026)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("счета 123, 124", [123, 124]),
        ("счета №123,124 и 125", [123, 124, 125]),
        ("шоттар 123; 124 және 125", [123, 124, 125]),
        ("шот 123 мен 124", [123, 124]),
        ("счет 123 счет 123", [123]),
        ("счет 000123 от 05.03.2026, № 000123", [123]),
        ("сч.123 + 124 сумма 5000 тг", [123, 124]),
        ("счета 123, 5000 тг", [123]),
        ("счет 123, 5000,00", [123]),
    ],
)
def test_several_invoices_are_read_each_once(text, numbers):
    """Numbers in a row are invoices as well; sums of money after them are not."""
    assert [number for number, _ in invoices_of(text)] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "оплата",
        "счет",
        "счет за март 2026",
        "счет-фактура 123",
        "счет фактуры № 123",
        "шот-фактура №123",
        "шотфактура 123",
        "ЭСФ 123",
        "расчетный счет 123",
        "р/с 123",
        "договор № 123",
        "договор 123 без счета",
        "акт № 123",
        "чек 123",
        "счет 5000 тг",
        "счет 5000 тенге",
        "счет 5000,00",
        "счет 5000.00",
        "на счет KZ456010000000000001",
        "счет 1234567890123456",
        "расчет 123",
        "шоттан 5000 теңге",
        "КНП 859",
        "Платежи населения за 01.11.2026, количество 6",
        "счет 0",
        f"ЖСН {PERSON}",
    ],
)
def test_what_is_no_invoice_is_not_taken_for_one(text):
    """Other papers, bank accounts, sums and days are not invoices."""
    assert invoices_of(text) == []


def test_a_bare_number_is_weaker_than_a_named_one():
    """Six digits that begin with a zero look like our invoices' numbers; nobody called them so."""
    assert read_purpose("за уборку снега 000123").invoices == (InvoiceMention(123, named=False),)
    assert read_purpose("за уборку снега 123456") == NOTHING
    assert read_purpose("акт 000123") == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        f"лиц. счет {ACCOUNT}",
        f"лицевой счет {ACCOUNT}",
        f"Лицевой счёт № {ACCOUNT}",
        f"лицевому счету N{ACCOUNT}",
        f"лиц.сч.{ACCOUNT}",
        f"лиц/счет {ACCOUNT}",
        f"лицсчет {ACCOUNT}",
        f"личный счет: {ACCOUNT}",
        f"л/с {ACCOUNT}",
        f"л\\с {ACCOUNT}",
        f"л/сч №{ACCOUNT}",
        f"л.с. {ACCOUNT}",
        f"лс{ACCOUNT}",
        f"ЛС{ACCOUNT}",
        f"ЛC {ACCOUNT}",  # the second letter is Latin
        f"дербес шот {ACCOUNT}",
        f"дербес шоты № {ACCOUNT}",
        f"дербес шотқа {ACCOUNT}",
        f"дербес есепшот {ACCOUNT}",
        f"дербес шот нөмірі {ACCOUNT}",
        f"дербес шот н?мірі {ACCOUNT}",
        f"жеке шот {ACCOUNT}",
        f"ДЕРБЕC ШOT {ACCOUNT}",
        f"абонент {ACCOUNT}",
        f"л/с {ACCOUNT[:6]} {ACCOUNT[6:10]} {ACCOUNT[10]}",
        f"л/с {ACCOUNT[:6]}-{ACCOUNT[6:]}",
        f"л/с {ACCOUNT[:3]} {ACCOUNT[3:6]} {ACCOUNT[6:]} 7500 тг",
        f"л/с {ACCOUNT} 7500",
        f"л/с {ACCOUNT}, шот 000123",
        f"за уборку снега, л/с: {ACCOUNT}; ФИО",
    ],
)
def test_a_personal_account_is_read_in_every_spelling(text):
    """Whoever names his account is understood, grouped digits and lost letters included."""
    assert accounts_of(text) == [ACCOUNT]
    assert [each.number for each in read_purpose(text).accounts] == [ACCOUNT]


def test_an_account_is_no_invoice():
    """«лиц. счет 123» names no invoice 123, though «счет 123» would."""
    assert read_purpose("лиц. счет 123") == NOTHING
    assert read_purpose("дербес шот 123") == NOTHING
    assert invoices_of(f"лиц. счет {ACCOUNT}, счет 5") == [(5, None)]


def test_an_account_without_its_check_digit_is_marked():
    """The ten digits without the eleventh are read, but a wrong one among them would go unnoticed."""
    assert read_purpose(f"лиц. счет {ACCOUNT[:10]}").accounts == (AccountMention(ACCOUNT, complete=False),)
    assert read_purpose(f"л/с {LONG_ACCOUNT[:12]}").accounts == (
        AccountMention(LONG_ACCOUNT, complete=False),
    )
    assert read_purpose(ACCOUNT[:10]).accounts == ()


def test_a_bare_account_is_known_by_its_check_digit():
    """Eleven or thirteen digits with their check digit need no word before them; a wrong one is none."""
    assert read_purpose(f"қар тазалау {ACCOUNT}").accounts == (AccountMention(ACCOUNT, named=False),)
    assert read_purpose(f"{LONG_ACCOUNT} Асқаров").accounts == (AccountMention(LONG_ACCOUNT, named=False),)
    wrong = ACCOUNT[:-1] + str((int(ACCOUNT[-1]) + 1) % 10)
    assert read_purpose(f"л/с {wrong}").accounts == ()
    assert read_purpose(wrong).accounts == ()


def test_people_are_read_by_their_number():
    """An IIN or BIN with its check digit is one; other twelve digits are not."""
    company = synthetic_bin(3)
    assert read_purpose(f"ЖСН {PERSON}, {company} 123456789012").iin_bins == (PERSON, company)


def test_everything_that_is_named_is_read_at_once():
    """One purpose may name an account, an invoice with its year, and a person."""
    text = f"Оплата за расчистку дорог по счету № 000125 от 30.10.2026, л/с {ACCOUNT}, ИИН {PERSON}. Без НДС"
    assert read_purpose(text) == Mentions((AccountMention(ACCOUNT),), (InvoiceMention(125, 2026),), (PERSON,))


def test_letters_of_every_keyboard_fold_to_one():
    """Kazakh, Russian and look-alike Latin letters, full-width digits, and every kind of dash and space."""
    assert folded("ШОТ  Қ–Ұ №１２") == folded("шot к-у #12")


@given(st.text(max_size=3_000) | st.text(alphabet="счетшотлс/№?.,- 0123456789о", max_size=300))
@example("0 " * PURPOSE_LENGTH_MAX)
@example("счет " * PURPOSE_LENGTH_MAX)
@example("счет от 1.1.20 " * 300)
@example("2026 ж" + " " * 1_900 + "#")
@example("20260 ж" * 300)
@example("ﷺ1" * PURPOSE_LENGTH_MAX)
@example("1,2,3,4,5," * 300)
@example("счет 1" + ",1" * 1_000)
@example("\ud800счет 1")
def test_any_text_is_read_in_bounded_time(text):
    """No text makes the reader fail or dawdle, and it never finds more than it may."""
    started = process_time()
    mentions = read_purpose(text)
    assert process_time() - started < SECONDS_MAX
    for found in (mentions.accounts, mentions.invoices, mentions.iin_bins):
        assert len(found) <= 20
        assert len(set(found)) == len(found)
    assert all(0 < each.number < 10**9 for each in mentions.invoices)


@given(
    st.integers(1, 999_999),
    st.sampled_from(["шот", "сч. №", "счёт на оплату №", "по счету N"]),
    st.booleans(),
)
def test_every_number_is_read_with_and_without_its_zeros(number, word, padded):
    """Whatever number the enterprise gave, its customer finds it understood."""
    written = f"{number:06d}" if padded else str(number)
    assert [each.number for each in read_purpose(f"{word} {written}").invoices if each.named] == [number]


@given(st.integers(1, 999_999), st.sampled_from(["л/с ", "лицевой счет №", "дербес шот ", "ЛC", ""]))
def test_every_account_is_read(serial, word):
    """Whatever serial a district gave, short or long, called an account or not."""
    account = make_account_number("473639100", serial)
    assert [each.number for each in read_purpose(f"төлем {word}{account} рахмет").accounts] == [account]
