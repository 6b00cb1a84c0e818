"""Identifiers: the vectors of the country's rules, and refusals that keep personal data to themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel import identifiers as ids

PUBLIC_BINS = [
    "971240001315",
    "940140000385",
    "980640000093",
    "990740000683",
    "000140002217",
    "020240000555",
    "020540003431",
    "941240000193",
    "010940000162",
    "980540002879",
    "970740000838",
    "141140001547",
    "901041000015",  # branches: the sixth digit is 1
    "961141000023",
]
ELEVEN_DIGITS = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize(
    "iin", ["991231500006", "991231500016", "991231500026", "991231500707", "991231500719", " 991231500006\t"]
)
def test_an_iin_of_either_round_is_accepted(iin):
    """Both rounds of the checksum give valid IINs, kept without surrounding blanks."""
    assert ids.check_iin(iin) == iin.strip()
    assert ids.check_iin_or_bin(iin) == iin.strip()
    assert not ids.is_bin(iin.strip())


@pytest.mark.parametrize("bin_", [*PUBLIC_BINS, "991240000003", "991240000013", "991240000402"])
def test_a_bin_of_either_round_is_accepted(bin_):
    """Both rounds of the checksum give valid BINs, which are never IINs."""
    assert ids.check_bin(bin_) == bin_
    assert ids.check_iin_or_bin(bin_) == bin_
    assert not ids.is_iin(bin_)


@pytest.mark.parametrize(
    ("first_11", "digit"),
    [
        ("99123150000", 6),
        ("99123150070", 7),
        ("99124000040", 2),
        ("99123150077", None),
        ("99123150158", None),
        ("99124000044", None),
    ],
)
def test_control_digit_knows_the_beginnings_never_issued(first_11, digit):
    """A beginning whose second round gives 10 too has no control digit."""
    assert ids.control_digit(first_11) == digit


@pytest.mark.parametrize(
    "wrong",
    [
        "991231500007",  # check digit
        "99123150000",
        "9912315000066",
        "9912315 00006",
        "٩٩١٢٣١٥٠٠٠٠٦",
        "",
        "991331500001",  # month 13
        "990231500005",  # 31 February
        "991231900009",  # century digit 9
    ],
)
def test_a_wrong_iin_is_refused_with_its_value_masked(wrong):
    """A wrong IIN is refused, and the refusal does not repeat it."""
    with pytest.raises(ids.InvalidIIN) as refusal:
        ids.check_iin(wrong)

    assert refusal.value.code == "invalid_iin"
    assert refusal.value.facts == {"value": ids.mask_iin(wrong)}
    assert not wrong or wrong not in str(refusal.value)


@given(ELEVEN_DIGITS.filter(lambda first_11: ids.control_digit(first_11) is not None))
def test_a_right_check_digit_does_not_save_an_impossible_number(first_11):
    """Twelve digits are an IIN or a BIN or neither, never both; other check digits are always refused."""
    digit = ids.control_digit(first_11)
    right = f"{first_11}{digit}"
    wrong = f"{first_11}{(digit + 1) % 10}"

    assert not (ids.is_iin(right) and ids.is_bin(right))
    assert not ids.is_iin(wrong)
    assert not ids.is_bin(wrong)


def test_the_day_of_birth_follows_the_century():
    """29 February 2000 exists, 29 February 1900 does not; with century digit 0 any century may hold it."""
    assert [ids.is_iin(_completed(f"000229{digit}0001")) for digit in "0356"] == [True, False, True, True]


@pytest.mark.parametrize(
    "wrong", ["991240000004", "991340000001", "991230000001", "991270000001", "991244000001"]
)
def test_a_wrong_bin_is_refused(wrong):
    """A wrong check digit, month, type or sign is refused, masked too: it may be somebody's IIN."""
    with pytest.raises(ids.InvalidBIN) as refusal:
        ids.check_bin(wrong)

    assert refusal.value.facts == {"value": f"{wrong[:4]}******{wrong[-2:]}"}


def test_a_number_that_is_neither_is_refused():
    """The common check refuses what both others refuse."""
    with pytest.raises(ids.InvalidIINOrBIN) as refusal:
        ids.check_iin_or_bin("991231500007")

    assert refusal.value.facts == {"value": "9912******07"}


@pytest.mark.parametrize(
    ("text", "iban"),
    [
        ("KZ86125KZT5004100100", "KZ86125KZT5004100100"),
        ("KZ24070105KSN0000000", "KZ24070105KSN0000000"),
        ("KZ456010000000000001", "KZ456010000000000001"),
        ("kz41 722c 0000 0000 0001", "KZ41722C000000000001"),
    ],
)
def test_a_kazakh_iban_is_brought_to_its_normal_form(text, iban):
    """Blanks go, letters become capital, and the check number holds."""
    assert ids.check_iban(text) == iban


@pytest.mark.parametrize(
    "wrong",
    [
        "KZ466010000000000001",
        "KZ4560100000000001",
        "KZ45601000000000000А",  # a Cyrillic А
        "DE89370400440532013000",
        "KZ00A010000000000001",
        "",
    ],
)
def test_a_wrong_iban_is_refused(wrong):
    """Another country's, a mistyped or a mis-shaped IBAN is refused, and not repeated in full."""
    with pytest.raises(ids.InvalidIBAN) as refusal:
        ids.check_iban(wrong)

    assert not wrong or wrong not in str(refusal.value)


@given(st.integers(0, 99))
def test_one_check_number_fits_an_iban(number):
    """Of all hundred check numbers only one is accepted, 00, 01 and 99 included."""
    iban = f"KZ{number:02d}6010000000000001"
    if number == 45:
        assert ids.check_iban(iban) == iban
    else:
        with pytest.raises(ids.InvalidIBAN):
            ids.check_iban(iban)


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (ids.check_bic, "kkmfkz2a ", "KKMFKZ2A"),
        (ids.check_bic, "HSBKKZKXXXX", "HSBKKZKXXXX"),
        (ids.check_kbe, "16", "16"),
        (ids.check_kbe, "29", "29"),
        (ids.check_knp, "019", "019"),
        (ids.check_kbk, "206110", "206110"),
        (ids.check_kato, "473639000", "473639000"),
    ],
)
def test_a_well_formed_code_is_accepted(check, text, value):
    """Codes come back in the form they are stored in."""
    assert check(text) == value


@pytest.mark.parametrize(
    ("check", "wrong", "code"),
    [
        (ids.check_bic, "KKMFKZ2", "invalid_bic"),
        (ids.check_bic, "KKMF1Z2A", "invalid_bic"),
        (ids.check_kbe, "10", "invalid_kbe"),
        (ids.check_kbe, "36", "invalid_kbe"),
        (ids.check_knp, "85", "invalid_knp"),
        (ids.check_knp, "8599", "invalid_knp"),
        (ids.check_kbk, "006110", "invalid_kbk"),
        (ids.check_kbk, "20611", "invalid_kbk"),
        (ids.check_kato, "47363900", "invalid_kato"),
        (ids.check_kato, "073639000", "invalid_kato"),
    ],
)
def test_an_ill_formed_code_is_refused_by_its_own_name(check, wrong, code):
    """Each kind of code has its own refusal, which says what was written."""
    with pytest.raises(ids.InvalidInput) as refusal:
        check(wrong)

    assert refusal.value.code == code
    assert refusal.value.facts == {"value": wrong}


def test_a_refusal_does_not_carry_a_pasted_page():
    """Whatever is pasted into a field, the refusal holds 40 characters of it."""
    with pytest.raises(ids.InvalidKNP) as refusal:
        ids.check_knp("8" * 10_000)

    assert refusal.value.facts == {"value": "8" * 40}


@pytest.mark.parametrize(
    "text",
    [
        "+77011234567",
        "8 (701) 123-45-67",
        "7 701 123 45 67",
        "7011234567",
        "+7 701 123.45.67",
        "8\N{NO-BREAK SPACE}701 123–45–67",
        "87011234567",
    ],
)
def test_a_phone_is_brought_to_one_form(text):
    """Every customary writing gives +7 and ten digits."""
    assert ids.check_phone(text) == "+77011234567"


@pytest.mark.parametrize(
    "wrong", ["701123456", "+87011234567", "+1 701 123 4567 8", "8701123456a", "1234567890", ""]
)
def test_a_wrong_phone_is_refused(wrong):
    """Too few digits, letters and other countries' codes are refused."""
    with pytest.raises(ids.InvalidPhone):
        ids.check_phone(wrong)


def test_masks_show_only_the_ends():
    """Four and two characters of an IIN, five and two of a phone; short texts show nothing."""
    assert ids.mask_iin("991231500006") == "9912******06"
    assert ids.mask_phone("+77011234567") == "+7701*****67"
    assert ids.mask_iin("123456789") == "*********"


@pytest.mark.parametrize(("digits", "check"), [("0794", "5"), ("00200667308", "5"), ("4736390001", "9")])
def test_the_check_digit_is_iso_7064_mod_11_10(digits, check):
    """The standard's own example 07945, a longer known one, and an account of Borankul."""
    assert ids.account_check_digit(digits) == check


def test_account_numbers_never_have_the_length_of_an_iin():
    """Eleven digits up to serial 9,999, thirteen from 10,000 on."""
    numbers = [ids.make_account_number("473639000", serial) for serial in (1, 9_999, 10_000, 999_999)]

    assert [number[:-1] for number in numbers] == [
        "4736390001",
        "4736399999",
        "473639010000",
        "473639999999",
    ]
    assert [ids.check_account_number(number) for number in numbers] == numbers


@given(st.integers(1, 999_999), st.data())
def test_a_wrong_digit_in_an_account_number_is_found(serial, data):
    """One mistyped digit anywhere makes the number invalid."""
    number = ids.make_account_number("473639000", serial)
    place = data.draw(st.integers(0, len(number) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))

    with pytest.raises(ids.InvalidAccountNumber):
        ids.check_account_number(number[:place] + digit + number[place + 1 :])


def test_account_numbers_are_read_with_blanks_and_hyphens():
    """People write an account number in groups."""
    number = ids.make_account_number("473639000", 42)
    assert ids.check_account_number(f" {number[:6]}-{number[6:10]} {number[10:]} ") == number


@pytest.mark.parametrize("digits", ["4736390000", "473639000001", "47363900010"])
def test_an_account_number_no_district_gave_is_refused(digits):
    """Serial zero, a short serial written long, twelve digits: refused in spite of a right check digit."""
    with pytest.raises(ids.InvalidAccountNumber):
        ids.check_account_number(digits + ids.account_check_digit(digits))


def _completed(first_11: str) -> str:
    return f"{first_11}{ids.control_digit(first_11)}"
