"""Payment details packed into one text with ``/TAG/`` marks, as SWIFT messages carry them.

The tags are those of kazakhstan.md §2.4.
"""

import re
from dataclasses import dataclass

from billing.reconciliation.formats.written import budget_code_of, knp_of, one_line

TEXT_LENGTH_MAX = 20_000

_TAGS = {
    "KNP": "knp",
    "NAME": "name",
    "IDN": "iin_bin",
    "BIN": "iin_bin",
    "IIN": "iin_bin",
    "IBAN": "iban",
    "ACC": "iban",
    "BIC": "bic",
    "BCLASS": "budget_code",
    "ASSIGN": "purpose",
    "NUM": "document_number",
    "DATE": "",
    "SEND": "",
    "VO": "",
    "PRT": "",
    "CHIEF": "",
    "MAINBK": "",
    "IRS": "",
    "SECO": "",
    "RESIDENT": "",
    "PSO": "",
    "PERIOD": "",
    "ULTDBTR": "ultimate_name",
    "ULTIDN": "ultimate_iin_bin",
}
_MARK = re.compile(rf"/({'|'.join(_TAGS)})/", re.IGNORECASE)
# These end with their own form: what follows within the same tag is the purpose already.
_FORMS = {
    "knp": re.compile(r"\d{3}(?=\s|$)", re.ASCII),
    "iin_bin": re.compile(r"\d{12}(?=\s|$)", re.ASCII),
    "ultimate_iin_bin": re.compile(r"\d{12}(?=\s|$)", re.ASCII),
    "iban": re.compile(r"KZ[0-9A-Z]{18}(?=\s|$)", re.ASCII),
    "bic": re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?=\s|$)", re.ASCII),
    "budget_code": re.compile(r"\d{6}(?=\s|$)", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Details:
    """What a packed text says; the empty text for what it does not.

    Attributes:
        values: by our names: ``knp``, ``name``, ``iin_bin``, ``iban``, ``bic``, ``budget_code``,
            ``document_number``, ``ultimate_name``, ``ultimate_iin_bin``.
        purpose: everything that stands under no tag or under the purpose's own, in one line.
    """

    values: dict[str, str]
    purpose: str

    def get(self, name: str) -> str:
        """A value by our name; a code only where it has a code's form."""
        value = self.values.get(name, "")
        if name == "knp":
            return knp_of(value)
        return budget_code_of(value) if name == "budget_code" else value


def unpack(text: str) -> Details:
    """The parts of ``/KNP/859 /NAME/… /IDN/… за уборку снега``; a text without tags is all purpose."""
    pieces = _MARK.split(text[:TEXT_LENGTH_MAX])
    values: dict[str, str] = {}
    purpose = [pieces[0]]
    for tag, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        name, content = _TAGS[tag.upper()], piece.strip()
        if name == "purpose":
            purpose.append(content)
        elif form := _FORMS.get(name):
            found = form.match(content)
            # Another form is kept in the purpose, so that nothing the payer wrote is lost.
            purpose.append(content[found.end() :] if found else content)
            if found:
                values.setdefault(name, found.group())
        elif name:
            values.setdefault(name, one_line(content))
    return Details(values, one_line(" ".join(purpose)))
