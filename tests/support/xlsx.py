"""Excel files for tests, made as Excel makes them."""

import io

from openpyxl import Workbook


def spreadsheet(*rows: list[object]) -> bytes:
    """An Excel file whose first sheet has these rows."""
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
