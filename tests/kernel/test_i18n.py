"""Texts for people: complete in three languages, with the same facts, and in local form."""

import importlib
import logging
import pkgutil
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

import billing
from billing.kernel import i18n
from billing.kernel.dates import Month
from billing.kernel.errors import AlreadyExists, Refusal
from billing.kernel.i18n import Language, best_language, enumerations, label, messages, refusal_text, text
from billing.kernel.money import Money

PLURAL_FORMS = {"kk": 2, "ru": 3, "en": 2}
LANGUAGES = [language.value for language in Language]
SOURCES = Path(billing.__path__[0])
PO_FILES = sorted(i18n.CATALOGUES.glob("*.po"))

SAMPLE = """
msgid "sample.days"
msgid_plural "sample.days"
msgstr[0] "{count} день, до {until}"
msgstr[1] "{count} дня, до {until}"
msgstr[2] "{count} дней, до {until}"

msgid "sample.sum"
msgstr "{amount} за {month}: {what}"

msgid "kind.invoice"
msgstr "счёт"

msgid "sample.empty"
msgstr ""

#, fuzzy
msgid "sample.fuzzy"
msgstr "…"
"""


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A catalogue of its own in place of the product's, in Russian only."""
    (tmp_path / "sample.ru.po").write_text(SAMPLE, encoding="utf-8")
    monkeypatch.setattr(i18n, "CATALOGUES", tmp_path)
    messages.cache_clear()
    yield tmp_path
    messages.cache_clear()


@pytest.fixture
def strict_afterwards(monkeypatch):
    """Undoes ``tolerate_gaps`` and what other tests may have left of it."""
    monkeypatch.setattr(i18n._Gaps, "tolerated", False)


def all_modules() -> list[ModuleType]:
    """Every module of the application, imported, so that its refusals and enumerations are known."""
    return [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(billing.__path__, "billing.")
        if not module.name.endswith("__main__")
    ]


def all_refusals() -> set[type[Refusal]]:
    """Every refusal of the application."""
    all_modules()
    found, waiting = {Refusal}, [Refusal]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        found.update(subclasses)
        waiting += subclasses
    return {refusal for refusal in found if refusal.__module__.startswith("billing.")}


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.name)
def test_a_catalogue_file_is_whole(path):
    """Its name says its language; nothing in it is empty, fuzzy, obsolete or short of a plural form."""
    _, language, _ = path.name.split(".")
    assert language in LANGUAGES
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language, abort_invalid=True)
    for message in list(catalogue)[1:]:
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(form.strip() for form in forms), message.id
        assert not message.fuzzy, message.id
        plural = not isinstance(message.id, str)
        assert len(forms) == (PLURAL_FORMS[language] if plural else 1), message.id
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_exists_in_every_language(language):
    """Each language has exactly the codes of all of them, in the same area."""
    everywhere = {code: message.area for each in LANGUAGES for code, message in messages(each).items()}

    assert {code: message.area for code, message in messages(language).items()} == everywhere


def test_every_text_shows_the_same_facts_in_every_language():
    """A fact one language shows is not lost in another."""
    for code, message in messages("en").items():
        for language in LANGUAGES:
            assert messages(language)[code].placeholders == message.placeholders, (code, language)


def test_every_refusal_has_a_sentence():
    """Whatever is refused, people read why in their own language."""
    codes = {f"refusal.{refusal.code}" for refusal in all_refusals()}

    assert sorted(codes - messages("en").keys()) == []


def test_every_kind_of_thing_has_a_name():
    """Who looks for something that is not there, or is there twice, reads what it is."""
    sources = (path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    kinds = {f"kind.{kind}" for source in sources for kind in re.findall(r'\bkind="(\w+)"', source)}

    assert len(kinds) > 20
    assert sorted(kinds - messages("en").keys()) == []


def test_no_two_refusals_share_a_code():
    """A code names one refusal, so a program can rely on it."""
    owners: dict[str, set[str]] = {}
    for refusal in all_refusals():
        if "code" in vars(refusal):
            owners.setdefault(refusal.code, set()).add(refusal.__qualname__)

    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def test_every_value_people_see_has_a_word():
    """Units, roles, states: each value of each such enumeration stands in the catalogues."""
    all_modules()
    codes = {member.message for enumeration in enumerations() for member in enumeration}

    assert "language.kk" in codes
    assert sorted(codes - messages("en").keys()) == []


def test_kazakh_texts_wait_for_a_native_reader():
    """Kazakh sentences are marked for checking by a native reader; the marks stand in Kazakh files only."""
    marked = {
        path.name.split(".")[1] for path in PO_FILES if "#. native reader: check" in path.read_text("utf-8")
    }

    assert marked == {"kk"}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "1 день, до 03.03.2026"),
        (2, "2 дня, до 03.03.2026"),
        (11, "11 дней, до 03.03.2026"),
        (1021, "1\N{NO-BREAK SPACE}021 день, до 03.03.2026"),
        (Decimal("2.5"), "2,5 дня, до 03.03.2026"),
    ],
)
def test_the_count_chooses_the_plural_form(sample, count, expected):
    """Russian has three forms, and fractions take the second."""
    assert text("sample.days", "ru", count=count, until=date(2026, 3, 3)) == expected


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (2026, "2026"),
        (None, "—"),
        (Language.KK, "казахский"),
        ([Decimal("1.50"), "м"], "1,5, м"),
        (datetime(2026, 3, 3, 4, 5, tzinfo=UTC), "03.03.2026 09:05"),
        ("{amount}", "{amount}"),
    ],
)
def test_facts_are_shown_by_their_type(sample, what, expected):
    """Each type of fact has its local form, and a fact's own braces are left alone."""
    (sample / "words.ru.po").write_text('msgid "language.kk"\nmsgstr "казахский"\n', encoding="utf-8")

    shown = text("sample.sum", "ru", amount=Money.tenge(1250), month=Month(2026, 3), what=what)

    assert shown == f"1\N{NO-BREAK SPACE}250,00\N{NO-BREAK SPACE}₸ за март 2026 г.: {expected}"


def test_a_fact_that_names_a_kind_is_put_into_words(sample):
    """Programs say ``kind="invoice"``, people read «счёт»; an unknown kind is shown as it is."""
    (sample / "kinds.ru.po").write_text('msgid "sample.found"\nmsgstr "{kind}"\n', encoding="utf-8")

    assert text("sample.found", "ru", kind="invoice") == "счёт"
    assert text("sample.found", "ru", kind="parcel") == "parcel"


@pytest.mark.parametrize(
    ("code", "facts", "instead"),
    [
        ("sample.unknown", {}, "sample.unknown"),
        ("sample.empty", {}, "sample.empty"),
        ("sample.fuzzy", {}, "sample.fuzzy"),
        ("sample.sum", {"amount": 1, "month": 2}, "1 за 2: …"),
        ("sample.days", {"count": None, "until": 3}, "— дней, до 3"),
    ],
)
@pytest.mark.usefixtures("sample", "strict_afterwards")
def test_a_gap_is_our_bug_until_gaps_are_tolerated(caplog, code, facts, instead):
    """Tests fail on a missing text or fact; the running product shows something and logs it."""
    with pytest.raises(AssertionError):
        text(code, "ru", **facts)

    i18n.tolerate_gaps()
    with caplog.at_level(logging.ERROR):
        assert text(code, "ru", **facts) == instead
    assert "no text for sample." in caplog.text


def test_one_code_in_two_areas_is_our_bug(sample):
    """Two slices cannot both own a text."""
    (sample / "other.ru.po").write_text('msgid "sample.sum"\nmsgstr "x"\n', encoding="utf-8")

    with pytest.raises(AssertionError, match=r"sample\.sum"):
        messages("ru")


def test_a_refusal_speaks_every_language():
    """The sentence carries the refusal's facts."""
    refusal = AlreadyExists(kind="customer", value=Money.tenge(5))

    assert [refusal_text(refusal, language) for language in Language] == [
        "Мұндай жазба бұрыннан бар: тапсырыс беруші 5,00\N{NO-BREAK SPACE}₸.",
        "Такая запись уже есть: заказчик 5,00\N{NO-BREAK SPACE}₸.",
        "There is such a record already: customer 5.00\N{NO-BREAK SPACE}KZT.",
    ]


def test_the_code_of_a_value_is_its_enumeration_s_name_in_snake_case():
    """``Language.KK`` is read under ``language.kk``, and shown by the text there."""
    assert Language.KK.message == "language.kk"
    assert label(Language.KK, "en") == "Kazakh"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "kk"),
        ("", "kk"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", "ru"),
        ("de, en-GB;q=0.5, ru;q=0.7", "ru"),
        ("kz-KZ, ru;q=0.9", "kk"),
        ("ru;q=0, en;q=0.1", "en"),
        ("*", "kk"),
        ("EN-us", "en"),
        ("fr, de;q=0.5", "kk"),
        ("ru;q=9, \x00, ;;;, en;q=abc", "kk"),
        ("x," * 10_000 + "ru", "kk"),
    ],
)
def test_the_language_a_browser_prefers(header, language):
    """The highest weight among our languages wins; rubbish and what is too long is not read."""
    assert best_language(header) == language


def test_the_default_language_can_be_the_district_s():
    """A browser without wishes gets the default it is given."""
    assert best_language(None, default=Language.RU) is Language.RU
    assert best_language("*", default=Language.RU) is Language.RU
