"""Reads what a provider calls with, and writes what it is answered: bytes in, bytes out.

Only the protocol's own fields are looked at, and they are plain ASCII; whatever else comes along (the name of
a terminal in any encoding) is left alone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from billing.kernel.clock import ALMATY
from billing.kernel.errors import InvalidInput
from billing.kernel.i18n import label, text
from billing.kernel.money import Money
from billing.kernel.shown import Language
from billing.payments.providers.dialects import REQUEST_FIELDS, code_of, names_of
from billing.payments.providers.models import AnswerFormat, CallOutcome, Provider

FIELDS_MAX = 40
XML_TYPE = "text/xml; charset=utf-8"
JSON_TYPE = "application/json; charset=utf-8"

_LANGUAGES = (Language.KK, Language.RU)  # of an app's screen, which does not say who looks at it
_FORMS = {
    "txn_id": re.compile(r"[0-9]{1,20}"),
    "txn_date": re.compile(r"[0-9]{14}"),
    "account": re.compile(r"[0-9A-Za-z -]{1,50}"),
    "sum": re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?"),
}
_BETWEEN_DIGITS = re.compile(r"[ -]")


class MalformedCall(InvalidInput):
    """A call that cannot be understood. Facts: ``field``, and ``txn_id`` where that at least is clear."""

    code = "malformed_call"


class Command(StrEnum):
    """What a provider wants."""

    CHECK = "check"
    PAY = "pay"
    CANCEL = "cancel"  # the payer got his money back


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider said.

    Attributes:
        account: without the blanks and hyphens people write into it; its check digit is not looked at yet.
        amount: always there but with ``check``.
        paid_at: by the provider's clock, where it said so.
    """

    command: Command
    txn_id: str
    account: str
    amount: Money | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a provider is to be told.

    Attributes:
        amount: of a check, the sum to suggest; of a payment, what was paid.
        provider_txn: our number of the payment.
        facts: what the payer sees before he pays, as codes of the catalogue with values.
        field: the one that could not be understood.
    """

    outcome: CallOutcome
    txn_id: str = ""
    amount: Money | None = None
    provider_txn: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    field: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it goes over the wire."""

    outcome: CallOutcome
    content_type: str
    body: bytes


def read_call(provider: Provider, *parts: bytes) -> Call:
    """Understand a query and a form.

    Args:
        parts: url-encoded, as they came.

    Raises:
        MalformedCall: a field is missing, told twice, or of the wrong form.
    """
    names = names_of(provider.dialect, provider.answer_format, provider.field_names)
    told = _told(parts, {names[field]: field for field in REQUEST_FIELDS})
    txn_id = _field(told, "txn_id")
    try:
        command = Command(told.get("command", ""))
    except ValueError:
        raise MalformedCall(field="command", txn_id=txn_id) from None
    try:
        account = _BETWEEN_DIGITS.sub("", _field(told, "account"))
        checking = command is Command.CHECK
        return Call(
            command,
            txn_id,
            account,
            Money.parse(_field(told, "sum")) if not checking or "sum" in told else None,
            _instant(_field(told, "txn_date")) if not checking and "txn_date" in told else None,
        )
    except MalformedCall as malformed:
        malformed.facts["txn_id"] = txn_id
        raise


def _told(parts: tuple[bytes, ...], fields: Mapping[str, str]) -> dict[str, str]:
    told: dict[str, str] = {}
    try:
        for part in parts:
            # Latin-1 reads any byte, and none that is not ASCII passes the forms.
            pairs = parse_qsl(
                part.decode("latin-1"),
                keep_blank_values=True,
                encoding="latin-1",
                max_num_fields=FIELDS_MAX,
            )
            for name, value in pairs:
                if (field := fields.get(name)) is None:
                    continue
                if field in told:
                    raise MalformedCall(field=field)
                told[field] = value
    except ValueError as error:
        raise MalformedCall(field="query") from error
    return told


def _field(told: Mapping[str, str], field: str) -> str:
    value = told.get(field, "")
    if _FORMS[field].fullmatch(value) is None:
        raise MalformedCall(field=field)
    return value


def _instant(digits: str) -> datetime:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=ALMATY)
    except ValueError as error:
        raise MalformedCall(field="txn_date") from error


def write_answer(provider: Provider, verdict: Verdict) -> Answer:
    """The answer in the provider's dialect, format and names of fields."""
    names = names_of(provider.dialect, provider.answer_format, provider.field_names)
    members = {
        names["answer_txn_id"]: verdict.txn_id,
        names["answer_provider_txn"]: verdict.provider_txn,
        names["answer_sum"]: verdict.amount,
        names["answer_result"]: code_of(provider.dialect, verdict.outcome),
        names["answer_comment"]: _comment(verdict),
    }
    facts = {
        f"field{number}": (_both(code), value) for number, (code, value) in enumerate(verdict.facts, start=1)
    }
    if provider.answer_format is AnswerFormat.JSON:
        return Answer(verdict.outcome, JSON_TYPE, _json(members, facts))
    return Answer(verdict.outcome, XML_TYPE, _xml(members, facts))


def _comment(verdict: Verdict) -> str:
    words = " / ".join(label(verdict.outcome, language) for language in _LANGUAGES)
    return f"{words}: {verdict.field}" if verdict.field else words


def _both(code: str) -> str:
    return " / ".join(text(code, language) for language in _LANGUAGES)


def _json(members: Mapping[str, object], facts: Mapping[str, tuple[str, str]]) -> bytes:
    # Written by hand: the protocol wants a sum as a number with two decimals, and ours are no floats.
    written = [
        f"{json.dumps(name)}:{_json_value(value)}" for name, value in members.items() if value is not None
    ]
    if facts:
        fields = {name: {"@name": title, "#text": value} for name, (title, value) in facts.items()}
        written.append(f'"fields":{json.dumps(fields, ensure_ascii=False)}')
    return f"{{{','.join(written)}}}".encode()


def _json_value(value: object) -> str:
    if isinstance(value, Money):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _xml(members: Mapping[str, object], facts: Mapping[str, tuple[str, str]]) -> bytes:
    response = ElementTree.Element("response")
    for name, value in members.items():
        if value is not None:
            ElementTree.SubElement(response, name).text = str(value)
    if facts:
        fields = ElementTree.SubElement(response, "fields")
        for name, (title, value) in facts.items():
            ElementTree.SubElement(fields, name, name=title).text = value
    written: bytes = ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)
    return written
