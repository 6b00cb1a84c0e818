"""What makes a row itself, in whatever file it comes."""

from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.money import Money
from billing.reconciliation.formats.identity import fingerprint, identities
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import Direction, Party
from tests.support.bank_files import HALYK, OTHER, OWN, document, one_c, section


def identities_of(text: str) -> list[tuple[str, int]]:
    """Fingerprint and occurrence of every row."""
    statement = read_statement(text.encode()).statement
    return [(identity.fingerprint, identity.occurrence) for _, identity in identities(statement)]


def test_look_alikes_of_one_file_are_numbered():
    """Two honest payments that look alike are the first and the second; all others are firsts."""
    found = identities_of(HALYK)
    assert [occurrence for _, occurrence in found] == [1, 1, 2, 1, 1]
    assert found[1][0] == found[2][0]
    assert len(set(found)) == 5


def test_an_overlapping_file_has_the_same_identities():
    """The days that two files share give the same rows in both, whatever else they hold."""
    twice = [document("5.00"), document("5.00")]
    early = one_c(section(["5.00"] * 2 + ["1.00"]), document("1.00", day="01.11.2026"), *twice)
    late = one_c(section(["5.00"] * 2 + ["9.00"]), *twice, document("9.00", day="05.11.2026"))
    assert set(identities_of(early)) & set(identities_of(late)) == set(identities_of(early)[1:])


def test_encoding_and_spelling_of_the_purpose_do_not_count():
    """The same payment with Қ written as К, in capitals or over two lines, is the same."""
    one, other = (
        identities_of(one_c(section(["5.00"]), document("5.00", purpose=purpose)))
        for purpose in ("Қар тазалау, шот 1", "КАР  ТАЗАЛАУ,\nшот 1")
    )
    assert one == other


def test_whatever_tells_payments_apart_counts():
    """Another account, day, sum, direction, number, payer or purpose is another payment."""
    (row,) = read_statement(one_c(section(["5.00"]), document("5.00")).encode()).statement.rows
    others = [
        row._replace(date=row.date.replace(day=3)),
        row._replace(amount=Money.tenge("5.01")),
        row._replace(direction=Direction.OUT),
        row._replace(document_number="2"),
        row._replace(counterparty=row.counterparty._replace(iin_bin="901124300005")),
        row._replace(counterparty=row.counterparty._replace(iban=OWN)),
        row._replace(ultimate=Party("", "901124300005")),
        row._replace(purpose="другое"),
    ]
    prints = {fingerprint(OWN, each) for each in (row, *others)} | {fingerprint(OTHER, row)}
    assert len(prints) == len(others) + 2
    assert fingerprint(OWN, row._replace(position=7, line=9, raw="")) == fingerprint(OWN, row)


@given(st.permutations(["1.00", "1.00", "1.00", "2.00", "2.00", "3.00"]))
def test_the_order_of_look_alikes_does_not_matter(sums):
    """However a bank sorts the rows of a day, the set of identities is the same."""
    found = identities_of(one_c(section(sums), *[document(each) for each in sums]))
    expected = identities_of(one_c(section(sums), *[document(each) for each in sorted(sums)]))
    assert sorted(found) == sorted(expected)
