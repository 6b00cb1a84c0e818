"""Reports on the wire: one JSON shape for all of them, and the same report as a spreadsheet."""

from typing import Any

from flask import Response

from billing.kernel.reporting import ReportTable, to_json, to_xlsx
from billing.web.fields import BooleanField, DateField, FactsField, ListField, NestedField, Schema, TextField
from billing.web.files import XLSX, file_answer
from billing.web.language import reader_language


class PeriodArgs(Schema):
    """A period; both days belong to it."""

    first_day = DateField(required=True)
    last_day = DateField(required=True)


class ColumnOut(Schema):
    """A column of a report."""

    key = TextField(60, required=True)
    title = TextField(required=True)
    kind = TextField(20, required=True, metadata={"description": "what it holds: text, money, date, …"})


class RowOut(Schema):
    """A row of a report."""

    is_sum = BooleanField(required=True, metadata={"description": "it sums up other rows"})
    values = FactsField(required=True, metadata={"description": "by the columns' keys; money as a string"})


class ReportOut(Schema):
    """A report: columns, rows, totals; texts in the reader's language, names in all of them."""

    report = TextField(60, required=True)
    title = TextField(500, required=True)
    columns = ListField(NestedField(ColumnOut), dump_only=True, required=True)
    rows = ListField(NestedField(RowOut), dump_only=True, required=True)
    totals = FactsField(
        required=True,
        allow_none=True,
        metadata={"description": "of the whole report, not of the page"},
    )
    next_cursor = TextField(500, allow_none=True, dump_only=True, required=True)


def report_answer(table: ReportTable) -> dict[str, Any]:
    """What ``ReportOut`` answers with."""
    return to_json(table, reader_language())


def xlsx_answer(table: ReportTable) -> Response:
    """The report as a spreadsheet in the reader's language."""
    return file_answer(to_xlsx(table, reader_language()), XLSX, f"{table.code.replace('_', '-')}.xlsx")
