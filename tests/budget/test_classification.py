"""The budget classification as a list: taken in once, changed by a later list, never two rows for a year."""

from sqlalchemy import select

from billing.budget.classification import import_classification, import_starter_set
from billing.budget.models import BudgetCode
from billing.kernel.imports import ImportMode
from billing.kernel.spreadsheets import Problem

HEADING = "Код;Наименование (каз);Наименование (рус);С года;По год;Подтвержден\n"
TWO_CODES = f"{HEADING}202102;Түсімдер;Поступления;2025;;нет\n206109;Басқа;Другие;2024;2026;да\n".encode()


def stored(session):
    """All codes as tuples."""
    return [
        (row.code, row.name_kk, row.name_ru, row.valid_from_year, row.valid_to_year, row.is_confirmed)
        for row in session.scalars(select(BudgetCode).order_by(BudgetCode.code, BudgetCode.valid_from_year))
    ]


def test_the_same_list_twice_adds_nothing(session):
    """Codes with names, years and whether an official source has them."""
    report = import_classification(session, TWO_CODES)
    assert (report.added, report.changed, report.unchanged, report.problems) == (2, 0, 0, ())

    again = import_classification(session, TWO_CODES)

    assert (again.added, again.changed, again.unchanged, again.refused) == (0, 0, 2, 0)
    assert stored(session) == [
        ("202102", "Түсімдер", "Поступления", 2025, None, False),
        ("206109", "Басқа", "Другие", 2024, 2026, True),
    ]


def test_a_later_list_renames_ends_and_confirms_but_never_unconfirms(session):
    """What an official source said once is not taken back by a list that does not say."""
    import_classification(session, TWO_CODES)

    later = f"{HEADING}202102;Түсімдер;Доходы;2025;2026;да\n206109;Басқа;Другие;2024;2026;\n".encode()
    report = import_classification(session, later)

    assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
    assert stored(session) == [
        ("202102", "Түсімдер", "Доходы", 2025, 2026, True),
        ("206109", "Басқа", "Другие", 2024, 2026, True),
    ]


def test_a_wrong_row_keeps_the_whole_list_out(session):
    """Each problem has its row and column; a dry run writes nothing either."""
    content = f"{HEADING}2021;Түсімдер;Поступления;2025;;\n206109;;Другие;двадцать;;\n101201;А;Б;2025;2024;\n"

    report = import_classification(session, content.encode())

    assert [(found.row, found.column, found.code) for found in report.problems] == [
        (2, "Код", "refusal.invalid_kbk"),
        (3, "Наименование (каз)", "refusal.missing_value"),
        (3, "С года", "refusal.invalid_number"),
        (4, "По год", "refusal.ends_before_start"),
    ]
    assert (report.refused, report.written, stored(session)) == (3, False, [])
    assert import_classification(session, TWO_CODES, ImportMode(dry_run=True)).added == 2
    assert stored(session) == []


def test_good_rows_are_taken_in_when_asked_for(session):
    """The others are named all the same."""
    content = TWO_CODES + "999;А;Б;2025;;\n".encode()
    report = import_classification(session, content, ImportMode(skip_bad=True))
    assert (report.added, report.refused, report.written) == (2, 1, True)
    assert [row[0] for row in stored(session)] == ["202102", "206109"]


def test_a_code_has_one_row_for_a_year(session):
    """A second row for years the code has already is refused, in the list or against what is stored."""
    import_classification(session, TWO_CODES)
    content = f"{HEADING}206109;Басқа;Другие;2026;;\n206109;Басқа;Другие;2027;;\n206109;Б;Д;2030;;\n".encode()

    report = import_classification(session, content, ImportMode(skip_bad=True))

    assert report.problems == (
        Problem(2, None, "refusal.already_exists", "206109", report.problems[0].facts),
        Problem(4, None, "refusal.already_exists", "206109", report.problems[1].facts),
    )
    assert [row[:1] + row[3:5] for row in stored(session)] == [
        ("202102", 2025, None),
        ("206109", 2024, 2026),
        ("206109", 2027, None),
    ]


def test_the_starter_set_marks_what_is_recalled_and_leaves_known_codes_alone(session):
    """Seven codes of local budgets and one sale were seen in official sources; four non-tax ones were not."""
    import_classification(session, f"{HEADING}202102;Қ;Н;2026;;да\n".encode())

    assert import_starter_set(session) == 11
    assert import_starter_set(session) == 0

    unconfirmed = [row[0] for row in stored(session) if not row[5]]
    assert unconfirmed == ["201102", "201510", "206109"]
    assert ("202102", "Қ", "Н", 2026, None, True) in stored(session)
