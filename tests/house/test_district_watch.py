"""The watch over joins: it tells a statement of one district from one that leaves it, and fails a test."""

from types import FunctionType

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from billing.access.models import Membership, Role
from billing.kernel.db import ALL_DISTRICTS, scope
from tests.house.sources import ROOT
from tests.support.district_watch import WATCH
from tests.support.districts import DISTRICT_ID
from tests.support.joined_districts import read
from tests.support.web import make_user

COLUMNS = {
    "district": {"id", "name"},
    "place": {"code", "name"},
    "customer": {"district_id", "id", "place_code"},
    "invoice": {"district_id", "id", "customer_id"},
    "line": {"district_id", "id", "invoice_id"},
}
JOINED = "SELECT 1 FROM customer c JOIN invoice i ON i.customer_id = c.id"
ONE_DISTRICT = {
    "one table": "SELECT * FROM customer",
    "a reference": "SELECT 1 FROM customer c JOIN place p ON p.code = c.place_code",
    "by their columns": f"{JOINED} AND i.district_id = c.district_id",
    "by where": f"{JOINED} WHERE (i.district_id = c.district_id AND c.id > 1)",
    "by one parameter": f"{JOINED} WHERE i.district_id = %(d)s::INTEGER AND c.district_id = %(d)s",
    "by equal parameters": f"{JOINED} WHERE i.district_id = %(d)s AND c.district_id = %(e)s",
    "over a third": "SELECT 1 FROM line l, customer c, invoice i WHERE l.district_id = i.district_id"
    " AND c.district_id = l.district_id",
    "over the district": "SELECT 1 FROM district JOIN customer c ON c.district_id = district.id"
    " JOIN invoice i ON i.district_id = district.id",
    "as a pair": "SELECT 1 FROM customer c JOIN invoice i"
    " ON (i.district_id, i.customer_id) = (c.district_id, c.id)",
    "a pair among": "SELECT 1 FROM customer c WHERE (c.district_id, c.id) IN"
    " (SELECT i.district_id, i.customer_id FROM invoice i)",
    "exists": "SELECT 1 FROM customer c WHERE NOT EXISTS"
    " (SELECT 1 FROM invoice WHERE invoice.district_id = c.district_id)",
    "selected": "SELECT (SELECT 1 FROM invoice i WHERE i.district_id = c.district_id) FROM customer c",
    "derived": "SELECT 1 FROM customer c JOIN (SELECT district_id AS d FROM invoice) AS i"
    " ON i.d = c.district_id",
    "a union": "SELECT 1 FROM customer c JOIN (SELECT district_id, id FROM invoice"
    " UNION ALL SELECT district_id, id FROM line) u ON u.district_id = c.district_id",
    "with": "WITH w (d) AS (SELECT district_id FROM invoice)"
    " SELECT 1 FROM w JOIN customer c ON c.district_id = w.d",
    "side by side": "SELECT count(*) FROM customer UNION ALL SELECT count(*) FROM invoice",
    "lateral": "SELECT 1 FROM customer c CROSS JOIN LATERAL"
    " (SELECT 1 FROM invoice i WHERE i.district_id = c.district_id LIMIT 1) AS newest",
    "update": "UPDATE invoice SET id = 1 FROM customer c WHERE c.district_id = invoice.district_id",
    "delete": "DELETE FROM invoice USING customer c WHERE c.district_id = invoice.district_id",
    "insert": "INSERT INTO line (district_id, id) SELECT district_id, id FROM invoice",
    "values": "INSERT INTO line (district_id, id) VALUES (%(a)s, %(b)s), (%(c)s, %(d)s)",
    "values of a sequence": "INSERT INTO line (district_id, id) VALUES (%(a)s, (SELECT 1))",
    "changes side by side": "WITH w AS (INSERT INTO line (district_id) SELECT d FROM unnest(%(a)s) AS g (d))"
    " UPDATE invoice SET id = 1 FROM customer c WHERE c.district_id = invoice.district_id",
    "an array": "UPDATE line SET id = g.b FROM unnest(%(a)s::INTEGER[]) AS g (b) WHERE line.id = g.b",
}
SEVERAL_DISTRICTS = {
    "by nothing": "SELECT 1 FROM customer, invoice",
    "by the id": JOINED,
    "by two parameters": f"{JOINED} WHERE i.district_id = %(d)s AND c.district_id = %(other)s",
    "by two literals": f"{JOINED} WHERE i.district_id = 1 AND c.district_id = 2",
    "only one of them": f"{JOINED} WHERE i.district_id = %(d)s",
    "either or": f"{JOINED} WHERE i.district_id = c.district_id OR c.id = 1",
    "if not": f"{JOINED} WHERE NOT (i.district_id = c.district_id)",
    "a smaller one": f"{JOINED} AND i.district_id <= c.district_id",
    "another column": "SELECT 1 FROM customer c JOIN invoice i ON i.id = c.district_id",
    "with itself": "SELECT 1 FROM invoice a JOIN invoice b ON b.id = a.id",
    "two of a with": "WITH w AS (SELECT district_id, id FROM invoice)"
    " SELECT 1 FROM w a JOIN w b ON a.id = b.id",
    "an id among": "SELECT 1 FROM customer WHERE id IN (SELECT customer_id FROM invoice)",
    "exists": "SELECT 1 FROM customer c WHERE EXISTS (SELECT 1 FROM invoice i WHERE i.customer_id = c.id)",
    "selected": "SELECT (SELECT count(*) FROM invoice i WHERE i.customer_id = c.id) FROM customer c",
    "derived": "SELECT 1 FROM customer c JOIN (SELECT id AS district_id FROM invoice) AS i"
    " ON i.district_id = c.district_id",
    "half a union": "SELECT 1 FROM customer c JOIN (SELECT district_id FROM invoice"
    " UNION ALL SELECT id FROM line) u ON u.district_id = c.district_id",
    "lateral": "SELECT 1 FROM customer c CROSS JOIN LATERAL (SELECT 1 FROM invoice LIMIT 1) AS newest",
    "update": "UPDATE invoice SET id = 1 FROM customer c WHERE c.id = invoice.customer_id",
    "delete": "DELETE FROM invoice USING customer c WHERE c.id = invoice.customer_id",
    "insert": "INSERT INTO line (district_id, id) SELECT 7, id FROM invoice",
    "values of another table": "INSERT INTO line (district_id, id) VALUES (1, (SELECT max(id) FROM invoice))",
    "qualified": "SELECT 1 FROM public.customer JOIN public.invoice ON invoice.id = customer.id",
    "one of several changes": "WITH w AS (UPDATE invoice SET id = 1 FROM customer c WHERE c.id = invoice.id)"
    " INSERT INTO line (district_id) SELECT d FROM unnest(%(a)s) AS g (d)",
    "a changed district": "INSERT INTO line (district_id, id) SELECT district_id + 1, id FROM invoice",
}
# What a run inside of a run must leave alone.
QUIET = [f"-pno:{name}" for name in ("cacheprovider", "faulthandler", "logging", "terminal", "xdist")]
GIVEN = {"d": 1, "e": 1, "other": 2}


@pytest.mark.parametrize("sql", ONE_DISTRICT.values(), ids=ONE_DISTRICT)
def test_what_stays_in_one_district_passes(sql):
    """Equality of the district, however it is said, binds two tables together."""
    assert read(sql, COLUMNS).stays_in_one_district(GIVEN)


@pytest.mark.parametrize(
    "sql",
    [
        "MERGE INTO invoice i USING customer c ON c.id = i.id WHEN MATCHED THEN DELETE",
        "SELECT 1 FROM customer NATURAL JOIN invoice",
        "SELECT 1 FROM customer JOIN invoice USING (district_id)",
        "WITH RECURSIVE w AS (SELECT 1 FROM invoice UNION SELECT 1 FROM w) SELECT 1 FROM w, customer",
    ],
)
def test_what_the_reader_does_not_know_is_not_waved_through(sql):
    """Nobody has to guess what was meant: it is said differently, or the reader learns it."""
    with pytest.raises(AssertionError):
        read(sql, COLUMNS)


@pytest.mark.parametrize("sql", SEVERAL_DISTRICTS.values(), ids=SEVERAL_DISTRICTS)
def test_what_joins_across_districts_is_found(sql):
    """Anything less than an equality that always holds binds nothing."""
    assert not read(sql, COLUMNS).stays_in_one_district(GIVEN)


def as_the_application(function):
    """The function as if it stood in a service."""
    code = function.__code__.replace(co_filename=str(ROOT / "billing" / "made_up" / "service.py"))
    return FunctionType(code, function.__globals__, function.__name__)


def namesakes(session):
    """The users who are members twice, in whatever district."""
    other = aliased(Membership)
    return session.execute(select(Membership.user_id).join(other, other.user_id == Membership.user_id)).all()


@pytest.mark.postgresql_only
def test_the_watch_sees_what_the_fence_adds(session):
    """Within a district the fence binds both tables of one query; in work for all districts nothing does."""
    make_user(session, "clerk", Role.CLERK)
    for district_id, found in ((DISTRICT_ID, 0), (ALL_DISTRICTS, 1)):
        scope(session, district_id)

        assert len(as_the_application(namesakes)(session)) == 1

        assert len(WATCH.taken()) == found


@pytest.mark.postgresql_only
def test_a_test_may_ask_what_it_likes(session):
    """Only statements of the application are watched; a test may look at everything."""
    scope(session, ALL_DISTRICTS)
    namesakes(session)

    assert WATCH.taken() == []


class Outcomes:
    """A plugin that keeps how each test of a run ended."""

    def __init__(self):
        self.failures = {}

    def pytest_runtest_logreport(self, report):
        """Remember the call itself, not what came before and after."""
        if report.when == "call":
            self.failures[report.nodeid.split("::")[1]] = report.longreprtext


PROVOKED = """
from tests.house.test_district_watch import CONNECTION, as_the_application

def ask(condition):
    sql = f"SELECT 1 FROM customer JOIN invoice ON {condition}"
    return CONNECTION[0].exec_driver_sql(sql).all()

def test_joined_by_id():
    assert as_the_application(ask)("customer.id = invoice.customer_id") == []

def test_joined_in_the_district():
    assert as_the_application(ask)("customer.district_id = invoice.district_id") == []
"""
CONNECTION = []


@pytest.mark.postgresql_only
def test_a_test_fails_in_which_the_application_joins_across_districts(session, tmp_path, request):
    """The test that provokes it fails, although it was answered what it expected; the other passes."""
    assert request.config.pluginmanager.is_registered(WATCH)
    file, outcomes = tmp_path / "test_provoked.py", Outcomes()
    file.write_text(PROVOKED)
    CONNECTION[:] = [session.connection()]

    code = pytest.main([*QUIET, "--rootdir", str(tmp_path), str(file)], plugins=[WATCH, outcomes])

    assert code == pytest.ExitCode.TESTS_FAILED
    assert outcomes.failures["test_joined_in_the_district"] == ""
    assert "joins across districts" in outcomes.failures["test_joined_by_id"]


def busy(session):
    """Roles of the users who are members twice, one of them as one of several."""
    other = aliased(Membership)
    same = (other.district_id == Membership.district_id) & (other.user_id == Membership.user_id)
    either = Membership.role.in_([Role.CLERK, Role.AUDITOR]) | other.role.in_([Role.CLERK, Role.AKIM])
    return session.execute(select(Membership.role).join(other, same).where(either)).all()


@pytest.mark.postgresql_only
def test_a_list_within_parentheses_is_read(session):
    """Several values of a list are read as one; the parenthesis around the condition stays where it is."""
    scope(session, DISTRICT_ID)
    as_the_application(busy)(session)

    assert WATCH.taken() == []
