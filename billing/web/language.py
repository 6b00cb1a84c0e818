"""In which language this request is answered."""

from flask import g, request
from flask import session as cookie

from billing.kernel.i18n import best_language
from billing.kernel.shown import Language
from billing.web.addresses import for_programs

_CHOICE = "language"


def reader_language() -> Language:
    """The reader's language.

    Programs get what ``Accept-Language`` asks, else their user's language; people get what they chose, else
    their own, else what the browser asks; and Kazakh, the state language, where nobody said anything.
    """
    caller = getattr(g, "caller", None)
    own = None if caller is None else Language(caller.user.language)
    wished = request.headers.get("Accept-Language")
    if for_programs():
        return best_language(wished, default=own or Language.KK)
    return language_chosen() or own or best_language(wished)


def remember_language() -> None:
    """Keep the language that an address of a page asks for (``?lang=ru``)."""
    choose_language(_known(request.args.get("lang")))


def choose_language(language: Language | None) -> None:
    """Keep a language for the pages to come; None keeps what was."""
    if language is not None and cookie.get(_CHOICE) != language.value:
        cookie[_CHOICE] = language.value


def language_chosen() -> Language | None:
    """What the reader chose by an address, now or before; None if nothing."""
    return _known(request.args.get("lang")) or _known(cookie.get(_CHOICE))


def _known(value: str | None) -> Language | None:
    return Language(value) if value in tuple(Language) else None
