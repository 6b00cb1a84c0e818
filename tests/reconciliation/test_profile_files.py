"""Profiles of banks' columns as files: read as they were written, or refused with what is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.errors import InvalidInput
from billing.reconciliation.formats.profile_files import BYTES_MAX, read_profile, write_profile
from tests.support.bank_files import OWN

HEADINGS = {"date": ["Күні"], "amount": ["Сомасы", "Сумма"]}
WHOLE = {"name": "Ауыл банкі", "account": OWN, "headings": HEADINGS}


def told(**changes):
    """A profile's file with some changes; None leaves a key out."""
    return json.dumps(
        {name: value for name, value in (WHOLE | changes).items() if value is not None}
    ).encode()


def test_a_profile_is_read_as_it_was_written():
    """Name, account and headings; the letters stand in the file as people read them."""
    profile = read_profile(told())
    assert (profile.name, profile.account) == ("Ауыл банкі", OWN)
    assert dict(profile.headings) == {"date": ("Күні",), "amount": ("Сомасы", "Сумма")}
    content = write_profile(profile)
    assert "Сомасы" in content.decode() and read_profile(content) == profile
    assert "account" not in json.loads(write_profile(read_profile(told(account=None))))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "profile_unreadable"),
        (b"[" * BYTES_MAX, "profile_unreadable"),
        (b" " * (BYTES_MAX + 1), "profile_unreadable"),
        (b"\xff", "profile_unreadable"),
        (b"[]", "profile_unreadable"),
        (told(name=None), "profile_unreadable"),
        (told(name=1), "profile_unreadable"),
        (told(name="\ud800"), "invalid_text"),
        (told(**{"\ud800": 1}), "profile_unreadable"),
        (told(account=[]), "profile_unreadable"),
        (told(account="KZ00"), "invalid_iban"),
        (told(headings=[]), "profile_unreadable"),
        (told(headings={"date": "Күні"}), "profile_unreadable"),
        (told(headings=HEADINGS | {"colour": ["Түсі"]}), "profile_unreadable"),
        (told(headings=HEADINGS | {"knp": ["Күні"]}), "heading_twice"),
        (told(headings=HEADINGS | {"knp": ["x"] * 21}), "invalid_input"),
        (told(headings={"date": ["Күні"]}), "profile_incomplete"),
    ],
)
def test_what_is_no_profile_is_refused(content, code):
    """Each with its own code."""
    with pytest.raises(InvalidInput) as refusal:
        read_profile(content)
    assert refusal.value.code == code


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.text() | st.none(),
        lambda inner: st.dictionaries(
            st.sampled_from(["name", "account", "headings", "date", "amount"]), inner | st.lists(inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_file_is_a_profile_or_refused(content):
    """Nothing else happens, and what is read is written and read again as it was."""
    try:
        profile = read_profile(content)
    except InvalidInput:
        return
    assert read_profile(write_profile(profile)) == profile
