"""Column profiles as files: told to another office, or used where there is no database."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from billing.kernel.checks import at_field, line
from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import check_iban
from billing.reconciliation.formats.profiles import FIELDS, NAME_LENGTH_MAX, ColumnProfile, checked_headings

BYTES_MAX = 200_000


class ProfileUnreadable(InvalidInput):
    """The file is not a profile as ``write_profile`` writes it. Facts: ``field`` at fault, or none."""

    code = "profile_unreadable"


def write_profile(profile: ColumnProfile) -> bytes:
    """A profile as a file: JSON, in UTF-8, with the headings as people read them."""
    told: dict[str, Any] = {"name": profile.name}
    if profile.account:
        told["account"] = profile.account
    told["headings"] = {field: list(names) for field, names in profile.headings.items()}
    return f"{json.dumps(told, ensure_ascii=False, indent=2)}\n".encode()


def read_profile(content: bytes) -> ColumnProfile:
    """The profile in a file.

    Raises:
        ProfileUnreadable: no JSON, or not of that form.
        InvalidIBAN: the account is none.
        InvalidInput, InvalidText, ProfileIncomplete, HeadingTwice: see ``checked_headings``.
    """
    told = _told(content)
    name, account, headings = told.pop("name", None), told.pop("account", ""), told.pop("headings", None)
    for field, value, kind in (("name", name, str), ("account", account, str), ("headings", headings, dict)):
        if not isinstance(value, kind):
            raise ProfileUnreadable(field=field)
    if told:
        raise ProfileUnreadable(field=ascii(min(told))[:NAME_LENGTH_MAX])
    for field, names in headings.items():
        is_list = isinstance(names, list) and all(isinstance(each, str) for each in names)
        if field not in FIELDS or not is_list:
            raise ProfileUnreadable(field=f"headings.{field!a}"[:NAME_LENGTH_MAX])
    with at_field("account"):
        iban = check_iban(account) if account else ""
    checked = {field: tuple(names) for field, names in checked_headings(headings).items()}
    return ColumnProfile(
        line(name, field="name", length_max=NAME_LENGTH_MAX), MappingProxyType(checked), iban
    )


def _told(content: bytes) -> dict[str, Any]:
    try:
        if len(content) > BYTES_MAX:
            raise ProfileUnreadable(field="—")
        told = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # half of a character, no JSON, or brackets without end
        raise ProfileUnreadable(field="—") from None
    if not isinstance(told, Mapping):
        raise ProfileUnreadable(field="—")
    return dict(told)
