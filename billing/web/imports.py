"""Lists that are taken in over HTTP: the file, how to take it in, and what became of each row."""

from typing import Any

from billing.kernel.imports import ImportMode, ImportReport
from billing.kernel.spreadsheets import sentence
from billing.web.fields import (
    BooleanField,
    FileField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.language import reader_language

PROBLEMS_TOLD_MAX = 200  # more than anybody mends in one go


class ListUpload(Schema):
    """A list: CSV or XLSX."""

    file = FileField(required=True)


class ImportArgs(Schema):
    """How to take a list in; by default all of it or, if any row is wrong, nothing."""

    dry_run = BooleanField(load_default=False, metadata={"description": "only look, write nothing"})
    skip_bad = BooleanField(load_default=False, metadata={"description": "take in the good rows anyway"})


class RowProblemOut(Schema):
    """What is wrong with a row."""

    row = StrictInteger(required=True, metadata={"description": "as in the file; 0 for the file itself"})
    column = TextField(required=True, allow_none=True)
    detail = TextField(1000, required=True)


class ImportReportOut(Schema):
    """What became of the rows; ``written`` says whether the good ones stand in the database now."""

    added = StrictInteger(required=True)
    changed = StrictInteger(required=True)
    unchanged = StrictInteger(required=True)
    refused = StrictInteger(required=True)
    written = BooleanField(required=True)
    problems = ListField(NestedField(RowProblemOut), dump_only=True, required=True)
    more_problems = StrictInteger(
        required=True, metadata={"description": f"beyond the first {PROBLEMS_TOLD_MAX}"}
    )


def mode_of(args: dict[str, Any]) -> ImportMode:
    """How the request wants its list taken in."""
    return ImportMode(**args)


def import_answer(report: ImportReport) -> dict[str, Any]:
    """What ``ImportReportOut`` answers with, each problem in the reader's language."""
    language = reader_language()
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "refused": report.refused,
        "written": report.written,
        "problems": [
            {
                "row": each.row,
                "column": each.column,
                "detail": sentence(each, language),
            }
            for each in report.problems[:PROBLEMS_TOLD_MAX]
        ],
        "more_problems": max(0, len(report.problems) - PROBLEMS_TOLD_MAX),
    }
