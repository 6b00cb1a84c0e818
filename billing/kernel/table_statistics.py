"""Lets PostgreSQL look again at tables that bulk work has made much larger.

How the database looks a reference up is planned when a connection first does it, by what is known of the
table then. Of one that was empty a moment ago nothing is known, and any index that begins with the district
seems as good as the right one: each row then costs as much as there are rows. The server itself looks again
within a minute; a large run or statement cannot wait for that. SQLite plans by its schema, and needs nothing.

Two ways: between units of work the tables are counted (``look_again``); within one the plans are forgotten
(``plan_anew``), and made again by how large the tables' files are, which locks nothing.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Session

from billing.kernel.behind import write

PAGES_MIN = 16  # of a smaller table even the worst plan costs little
_GROWN = text(
    """
    SELECT relname FROM pg_class
    WHERE relname = ANY(:names) AND relkind = 'r' AND pg_table_is_visible(oid)
      AND pg_relation_size(oid) >= current_setting('block_size')::int * GREATEST(2 * relpages, :pages_min)
    ORDER BY relname
    """
)


def look_again(session: Session, models: Collection[type[DeclarativeBase]]) -> list[str]:
    """Have those tables counted anew that have doubled since they were last; their names.

    To be called last in a unit of work: whoever else counts the same table waits until this one is committed,
    and nothing must be waited for meanwhile.
    """
    if session.get_bind().dialect.name != "postgresql":
        return []
    names = [model.__tablename__ for model in models]
    grown = list(session.scalars(_GROWN, {"names": names, "pages_min": PAGES_MIN}))
    if grown:
        session.execute(text(f"ANALYZE {', '.join(grown)}"))
    return grown


def plan_anew(session: Session) -> None:
    """Have references looked up as is best for tables that this unit of work has made larger."""
    if session.get_bind().dialect.name == "postgresql":
        write(session, "DISCARD PLANS", ())
