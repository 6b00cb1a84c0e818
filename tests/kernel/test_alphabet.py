"""The Kazakh alphabet: sorting by a stored key and searching without Kazakh letters."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.alphabet import KAZAKH_ALPHABET, SORT_KEY_LENGTH_MAX, fold, sort_key_kk

WORDS = st.text(KAZAKH_ALPHABET, max_size=12)


def test_the_alphabet_has_42_different_letters():
    """Kazakh Cyrillic has the 33 Russian letters and nine of its own."""
    assert len(KAZAKH_ALPHABET) == len(set(KAZAKH_ALPHABET)) == 42


def test_names_stand_in_the_order_of_the_kazakh_alphabet():
    """Ә stands after А, Қ after К, І between Ы and Ь, whatever the code points say."""
    ordered = [
        "Абай", "Әбіш", "Бекет", "Гүлнар", "Ғани", "Дана", "Камал", "Қайрат", "Ләззат", "Нұрлан", "Олжас",
        "Өмір", "Сәуле", "Тимур", "Ұлпан", "Үміт", "Фарид", "Хасен", "Һарун", "Шолпан", "Ырыс", "Ілияс",
    ]  # fmt: skip
    shuffled = random.Random(7).sample(ordered, len(ordered))

    assert sorted(shuffled, key=sort_key_kk) == ordered
    assert sorted(shuffled) != ordered


@given(WORDS, WORDS)
def test_keys_compare_as_the_alphabet_does(first, second):
    """Plain comparison of keys equals comparison letter by letter in the alphabet."""
    places = [[KAZAKH_ALPHABET.index(letter) for letter in word] for word in (first, second)]

    assert (sort_key_kk(first) < sort_key_kk(second)) == (places[0] < places[1])
    assert (sort_key_kk(first) == sort_key_kk(second)) == (first == second)


@given(st.text(max_size=300))
def test_a_key_is_short_lowercase_ascii_whatever_the_name(name):
    """Any collation compares small ASCII letters and digits alike, and the key fits its column."""
    key = sort_key_kk(name)

    assert len(key) <= SORT_KEY_LENGTH_MAX
    assert key == "" or (key.isascii() and key.isalnum() and key == key.lower())


def test_case_and_punctuation_do_not_count_but_words_do():
    """«ҚАР» and қар are equal; a space sorts before any letter; digits before Latin before Cyrillic."""
    assert sort_key_kk("«ҚАР»") == sort_key_kk("қар")
    assert sort_key_kk("Қар - Тазалау") == sort_key_kk("қар тазалау")
    names = ["Ана Я", "Анар", "2 Ана", "Zara", "Ünal", "Анна"]
    assert sorted(names, key=sort_key_kk) == ["2 Ана", "Ünal", "Zara", "Ана Я", "Анар", "Анна"]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Құрманғазы", "курмангазы"),
        ("ҚҒӘҢӨҰҮҺІ", "кганоуухи"),
        ("  Семён   ӨТЕГЕНОВ ", "семен отегенов"),
        ("Сери\N{CYRILLIC SMALL LETTER I}\N{COMBINING BREVE}", "серий"),
    ],
)
def test_folding_lets_names_be_found_without_kazakh_letters(written, folded):
    """Case, Kazakh letters, ё and spare blanks do not hide a name."""
    assert fold(written) == folded
    assert fold(folded) == folded
