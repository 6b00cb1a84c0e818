"""Reads camt.053 of ISO 20022 in any of its versions, transaction by transaction."""

from collections.abc import Sequence
from datetime import date
from typing import TextIO

from billing.kernel.money import ZERO, Money
from billing.reconciliation.formats.details import Details, unpack
from billing.reconciliation.formats.draft import CURRENCY, Draft, Tally
from billing.reconciliation.formats.statement import (
    NOBODY,
    Direction,
    Party,
    ProblemCode,
    Row,
    Section,
    Severity,
    StatementFormat,
)
from billing.reconciliation.formats.written import budget_code_of, knp_of, one_line, read_day, read_sum
from billing.reconciliation.formats.xml_records import Broken, Node, walk

ROOT = "BkToCstmrStmt"

_STATEMENT = "Stmt"
_RECORDS = frozenset({"Acct", "FrToDt", "Bal", "TxsSummry", "Ntry", "GrpHdr"})
_OPENING = ("OPBD", "PRCD", "OPAV")
_CLOSING = ("CLBD", "CLAV")
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF"})
_REFERENCES = ("Refs/EndToEndId", "Refs/InstrId", "Refs/ChqNb", "Refs/TxId")
_IDENTIFIERS = ("Id/PrvtId/Othr/Id", "Id/OrgId/Othr/Id", "Id/OrgId/AnyBIC")
_BICS = ("FinInstnId/BICFI", "FinInstnId/BIC")
_TEXTS = (
    "RmtInf/Ustrd",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "RmtInf/Strd/RfrdDocInf/Nb",
    "RmtInf/Strd/AddtlRmtInf",
)


class _Statement:
    """One ``Stmt``: what has been read of it so far."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.account = ""
        self.days: list[date | None] = [None, None]
        self.balances: dict[str, tuple[Money, date | None]] = {}
        self.credited: Money | None = None
        self.debited: Money | None = None
        self.tally = Tally()

    def balance(self, codes: Sequence[str]) -> tuple[Money | None, date | None]:
        return next((self.balances[code] for code in codes if code in self.balances), (None, None))


class CamtReader:
    """Goes through a file once.

    Attributes:
        draft: what was found.
    """

    def __init__(self) -> None:
        self.draft = Draft(StatementFormat.CAMT_053)
        self._statement: _Statement | None = None
        self._known = False

    def read(self, stream: TextIO) -> None:
        """Read the whole file.

        Raises:
            Abandoned: reading on makes no sense; the draft has the problem.
        """
        try:
            walk(stream, _RECORDS, self._open, self._take)
        except Broken as broken:
            code = ProblemCode.CUT_OFF if broken.at_end else ProblemCode.UNREADABLE
            self.draft.abandon(code, broken.line)
        finally:
            self._end_statement()
        if not self._known:
            self.draft.abandon(ProblemCode.UNKNOWN_FORMAT)

    def _open(self, name: str, line: int) -> None:
        if name == ROOT:
            self._known = True
        elif name == _STATEMENT:
            self._end_statement()
            self._statement = _Statement(line)

    def _take(self, record: Node) -> None:
        statement = self._statement
        if statement is None:
            return
        match record.name:
            case "Acct":
                self._take_account(statement, record)
            case "FrToDt":
                for place, path in enumerate(("FrDtTm", "ToDtTm")):
                    statement.days[place] = read_day(record.value(path, path[:4]))
            case "Bal":
                self._take_balance(statement, record)
            case "TxsSummry":
                statement.credited = self._stated(record, "TtlCdtNtries/Sum")
                statement.debited = self._stated(record, "TtlDbtNtries/Sum")
            case "Ntry":
                self._take_entry(statement, record)

    def _take_account(self, statement: _Statement, record: Node) -> None:
        statement.account = record.value("Id/IBAN", "Id/Othr/Id")
        currency = record.value("Ccy").upper()
        if currency not in {"", CURRENCY}:
            self.draft.currency = currency

    def _take_balance(self, statement: _Statement, record: Node) -> None:
        amount = self._amount(record)
        if amount is None:
            return
        code = record.value("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry")
        signed = -amount if record.value("CdtDbtInd") == "DBIT" else amount
        statement.balances[code] = signed, read_day(record.value("Dt/Dt", "Dt/DtTm"))

    def _stated(self, record: Node, path: str) -> Money | None:
        text = record.value(path)
        return read_sum(text) if text else None

    def _take_entry(self, statement: _Statement, entry: Node) -> None:
        status = entry.value("Sts/Cd", "Sts/Prtry", "Sts")
        if status not in {"", "BOOK"}:
            self.draft.report(ProblemCode.NOT_BOOKED, entry.line, "Sts", status, severity=Severity.WARNING)
            return
        amount, direction = self._amount(entry), _direction(entry)
        day_text = entry.value("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
        day = read_day(day_text)
        if day is None:
            code = ProblemCode.INVALID_DATE if day_text else ProblemCode.DATE_MISSING
            self._refuse(entry, code, "BookgDt", day_text)
        if direction is None:
            self._refuse(entry, ProblemCode.DIRECTION_UNCLEAR, "CdtDbtInd", entry.value("CdtDbtInd"))
        if amount is None or day is None or direction is None:
            return
        if not amount:
            self._refuse(entry, ProblemCode.INVALID_AMOUNT, "Amt", str(amount))
            return
        statement.tally.add(amount, direction)
        for part, part_amount, part_direction in self._parts(entry, amount, direction):
            self._add_row(entry, part, day, part_amount, part_direction)

    def _parts(self, entry: Node, amount: Money, direction: Direction) -> list[tuple[Node, Money, Direction]]:
        """The transactions that one entry bundles; together they must be the entry."""
        details = list(entry.all("NtryDtls/TxDtls"))
        if len(details) <= 1:
            return [(details[0] if details else entry, amount, direction)]
        parts: list[tuple[Node, Money, Direction]] = []
        signed = ZERO
        for detail in details:
            found = detail.find("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
            part = read_sum(found.text) if found else None
            if not part or part < ZERO:
                self._refuse(detail, ProblemCode.INVALID_AMOUNT, "Amt", found.text if found else "")
                return []
            part_direction = _direction(detail) or direction
            parts.append((detail, part, part_direction))
            signed = signed + part if part_direction is direction else signed - part
        if signed != amount:
            self.draft.incomplete = True
            code = ProblemCode.DETAILS_DO_NOT_ADD_UP
            self.draft.report(code, entry.line, "TxDtls", str(signed), stated=amount, counted=signed)
        return parts

    def _add_row(self, entry: Node, part: Node, day: date, amount: Money, direction: Direction) -> None:
        texts = [node.text for path in _TEXTS for node in part.all(path)]
        said = unpack(" ".join(texts) or part.value("AddtlTxInf") or entry.value("AddtlNtryInf"))
        role = "Dbtr" if direction is Direction.IN else "Cdtr"
        ultimate = _party(part, f"Ultmt{role}", said, "ultimate_")
        bank_reference = part.value("Refs/AcctSvcrRef") or entry.value("AcctSvcrRef", "NtryRef")
        references = (part.value(path) for path in _REFERENCES)
        number = next((each for each in references if each not in _NO_REFERENCE), "")
        self.draft.add_row(
            Row(
                position=len(self.draft.rows) + 1,
                line=part.line,
                date=day,
                amount=amount,
                direction=direction,
                counterparty=_party(part, role, said),
                ultimate=None if ultimate == NOBODY else ultimate,
                purpose=said.purpose,
                knp=knp_of(part.value("Purp/Prtry", "Purp/Cd")) or said.get("knp"),
                document_number=said.get("document_number") or number or bank_reference,
                budget_code=budget_code_of(part.value("Tax/Rcrd/Tp")) or said.get("budget_code"),
                bank_reference=bank_reference,
                raw=_raw(entry, part),
            )
        )

    def _amount(self, record: Node) -> Money | None:
        """The amount of an entry or a balance, never negative: another field has its sign."""
        found = record.find("Amt")
        amount = read_sum(found.text) if found else None
        if found is None or amount is None or amount < ZERO:
            code = ProblemCode.INVALID_AMOUNT if found else ProblemCode.AMOUNT_MISSING
            self._refuse(record, code, "Amt", found.text if found else "")
            return None
        currency = found.attributes.get("Ccy", CURRENCY).upper()
        if currency != CURRENCY:
            self._refuse(record, ProblemCode.FOREIGN_CURRENCY, "Ccy", currency)
            return None
        return amount

    def _end_statement(self) -> None:
        statement, self._statement = self._statement, None
        if statement is None:
            return
        opening, opened_on = statement.balance(_OPENING)
        closing, closed_on = statement.balance(_CLOSING)
        first, last = statement.days
        # A balance «previously closed» is of the evening before.
        known_day = opened_on if "OPBD" in statement.balances else None
        self.draft.tallies.append(statement.tally)
        self.draft.sections.append(
            Section(
                line=statement.line,
                account=statement.account,
                date_from=first or known_day,
                date_to=last or closed_on,
                opening=opening,
                closing=closing,
                credited=statement.credited,
                debited=statement.debited,
            )
        )

    def _refuse(self, node: Node, code: ProblemCode, key: str, value: str) -> None:
        self.draft.incomplete = True
        self.draft.report(code, node.line, key, value)


def _direction(node: Node) -> Direction | None:
    return {"CRDT": Direction.IN, "DBIT": Direction.OUT}.get(node.value("CdtDbtInd"))


def _party(part: Node, role: str, said: Details, prefix: str = "") -> Party:
    node = part.find(f"RltdPties/{role}/Pty", f"RltdPties/{role}/Agt", f"RltdPties/{role}")
    identifiers = [each.text for path in _IDENTIFIERS for each in node.all(path)] if node else []
    twelve = [each for each in identifiers if len(each) == 12 and each.isdigit()]
    agent = f"RltdAgts/{role}Agt"
    return Party(
        name=one_line(node.value("Nm", "FinInstnId/Nm") if node else "") or said.get(f"{prefix}name"),
        iin_bin=next(iter(twelve or identifiers), "") or said.get(f"{prefix}iin_bin"),
        iban=part.value(f"RltdPties/{role}Acct/Id/IBAN", f"RltdPties/{role}Acct/Id/Othr/Id")
        or said.get(f"{prefix}iban"),
        bic=part.value(*(f"{agent}/{path}" for path in _BICS)) or said.get(f"{prefix}bic"),
    )


def _raw(entry: Node, part: Node) -> str:
    """The entry's own fields and the transaction's, a line each, under their names."""
    lines = [] if part is entry else [f"{child.name}={child.text}" for child in entry.children if child.text]
    return "\n".join(lines + _fields(part, ""))


def _fields(node: Node, path: str) -> list[str]:
    found: list[str] = []
    for child in node.children:
        name = f"{path}/{child.name}" if path else child.name
        found += _fields(child, name) if child.children else [f"{name}={child.text}"]
    return found
