"""The form of the codes people give to services and benefits."""

import re

from billing.catalog.refusals import InvalidCode

_CODE = re.compile(r"[\w][\w.-]*")


def check_code(text: str, *, length_max: int) -> str:
    """A code in capitals without blanks around it: letters of any alphabet, digits, hyphens, dots.

    Raises:
        InvalidCode: empty, longer than ``length_max``, or with other characters.
    """
    value = text.strip().upper()
    if len(value) > length_max or _CODE.fullmatch(value) is None:
        raise InvalidCode(field="code", length_max=length_max)
    return value
