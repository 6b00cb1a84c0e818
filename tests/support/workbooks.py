"""Reads the spreadsheets that the application answers with."""

import io
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from werkzeug.test import TestResponse


def first_sheet(answer: TestResponse) -> Worksheet:
    """The first sheet of an answered spreadsheet, whose archive is whole."""
    assert answer.status_code == 200
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert ZipFile(io.BytesIO(answer.data)).testzip() is None
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert isinstance(sheet, Worksheet)
    return sheet
