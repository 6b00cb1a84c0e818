"""What measured invoices and payments come to for a village, a region and the country. Pure: no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

# What is supposed, neither measured nor computed.
HOUSEHOLDS_A_DISTRICT = 870  # two million over 2,300 districts
INVOICES_A_YEAR = 12  # of a household: 24 million for the country; two lines each
PAYMENTS_A_YEAR = 12  # every invoice is paid, by one payment
YEARS_KEPT = 5  # the law's minimum for accounting documents
RUN_HOURS = 1  # in which every invoice of a month is to be there
PEAK_DAY_PERCENT = 10  # of a month's payments
PEAK_HOUR_PERCENT = 20  # of that day's
PEOPLE_A_DISTRICT = 3  # in front of pages at once
SECONDS_BETWEEN_PAGES = 20
FILE_WRITES = 3  # of a document: its bytes, its name, its directory

# One machine of the usual kind, half used, so that another's failure does not stop it.
CORES = 16
IOPS = 10_000
DISK_GIB = 4_000
USED_PERCENT = 50

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``tests.bench.scale`` has counted; everything is of one thing, with its share of all it writes.

    Attributes:
        household_bytes: of a customer, a contract and two charges.
        invoice_bytes: of database, indexes included; so are those of payments.
        invoice_wal_bytes: of the log that a standby and a backup get.
        invoice_pages: of 8 KiB, written to the tables' files at the next checkpoint.
        invoice_milliseconds: of processors, the printing included.
        paper_bytes: of the PDF.
        payment_rows: of one recorded by itself, in a transaction of its own.
        payment_pages: when a thousand of one district share the pages of a checkpoint.
        payment_pages_most: when it shares none: every row and every entry of an index on a page of its own.
        stated_rows: of one that came as a row of a bank's statement, that row included.
        request_milliseconds: of processors, for a list of a hundred invoices as JSON, without the network.
        bytes_a_row: of each table: the row's own, and those of its indexes.
    """

    household_bytes: int
    invoice_rows: float
    invoice_bytes: int
    invoice_wal_bytes: int
    invoice_pages: float
    invoice_milliseconds: float
    paper_bytes: int
    payment_rows: float
    payment_bytes: int
    payment_wal_bytes: int
    payment_pages: float
    payment_pages_most: float
    payment_milliseconds: float
    stated_rows: float
    stated_bytes: int
    stated_wal_bytes: int
    stated_milliseconds: float
    request_milliseconds: float
    bytes_a_row: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that is billed."""

    name: str
    districts: int
    households: int


PLACES = (
    Place("village", 1, HOUSEHOLDS_A_DISTRICT),
    Place("region", 150, 150 * HOUSEHOLDS_A_DISTRICT),
    Place("country", 2_300, 2_000_000),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What a place comes to, from what one thing takes."""

    place: Place
    measured: Measured

    @property
    def invoices(self) -> int:
        """In a year."""
        return self.place.households * INVOICES_A_YEAR

    @property
    def payments(self) -> int:
        """In a year."""
        return self.place.households * PAYMENTS_A_YEAR

    @property
    def rows(self) -> float:
        """In a year; every payment is a row of a statement sooner or later, so the dearer way is taken."""
        return self.invoices * self.measured.invoice_rows + self.payments * self.measured.stated_rows

    @property
    def database_bytes(self) -> int:
        """In a year."""
        return self.invoices * self.measured.invoice_bytes + self.payments * self.measured.stated_bytes

    @property
    def kept_bytes(self) -> int:
        """Of database after the years that everything is kept."""
        return self.database_bytes * YEARS_KEPT + self.place.households * self.measured.household_bytes

    @property
    def paper_bytes(self) -> int:
        """Of documents after those years."""
        return self.invoices * self.measured.paper_bytes * YEARS_KEPT

    @property
    def wal_bytes(self) -> int:
        """Of log in a year: what travels to a standby."""
        return (
            self.invoices * self.measured.invoice_wal_bytes + self.payments * self.measured.stated_wal_bytes
        )

    @property
    def invoices_a_second(self) -> float:
        """While the month's run goes on."""
        return self.place.households / (RUN_HOURS * 3_600)

    @property
    def payments_a_second(self) -> float:
        """In the fullest hour of the fullest day."""
        return self.payments / 12 * PEAK_DAY_PERCENT / 100 * PEAK_HOUR_PERCENT / 100 / 3_600

    @property
    def run_iops(self) -> float:
        """Writes a second of the run: pages and documents. Its commits are one for 250 contracts."""
        return self.invoices_a_second * (self.measured.invoice_pages + FILE_WRITES)

    @property
    def payment_iops(self) -> float:
        """Writes a second of payments in that hour, none sharing a page; one flush of the log for each."""
        return self.payments_a_second * (self.measured.payment_pages_most + 1)

    @property
    def run_cores(self) -> float:
        """Processors that the run keeps busy, of the database and of the workers together."""
        return self.invoices_a_second * self.measured.invoice_milliseconds / 1_000

    @property
    def payment_cores(self) -> float:
        """Processors that payments keep busy in that hour."""
        return self.payments_a_second * self.measured.payment_milliseconds / 1_000

    @property
    def requests_a_second(self) -> float:
        """Of everybody who works in front of a page."""
        return self.place.districts * PEOPLE_A_DISTRICT / SECONDS_BETWEEN_PAGES

    @property
    def request_cores(self) -> float:
        """Processors that they keep busy, of web processes and the database together."""
        return self.requests_a_second * self.measured.request_milliseconds / 1_000

    @property
    def machines(self) -> int:
        """For everything, if a run and the fullest hour fall together; standbys come on top."""
        wanted = (
            (self.run_cores + self.payment_cores + self.request_cores) / CORES,
            (self.run_iops + self.payment_iops) / IOPS,
            self.kept_bytes / GIB / DISK_GIB,
        )
        return max(1, ceil(max(wanted) * 100 / USED_PERCENT))


def tables(measured: Measured) -> str:
    """The measured figures, and what they come to, as tables of Markdown."""
    return f"{measured_table(measured)}\n\n{computed_table(measured)}"


def measured_table(measured: Measured) -> str:
    """One thing of each kind."""
    of = (
        ("invoice of two lines, by a run", "invoice"),
        ("payment recorded by itself", "payment"),
        ("payment as a row of a statement", "stated"),
    )
    lines = [
        [
            name,
            f"{getattr(measured, f'{kind}_rows'):.1f}",
            f"{getattr(measured, f'{kind}_bytes'):,}",
            f"{getattr(measured, f'{kind}_wal_bytes'):,}",
            f"{getattr(measured, f'{kind}_pages', None) or '–'}",
            f"{getattr(measured, f'{kind}_milliseconds'):.1f}",
        ]
        for name, kind in of
    ]
    heads = ["measured, of one", "rows", "bytes of database", "bytes of log", "pages", "ms of processors"]
    others = (
        ("a customer with contract and two charges", f"{measured.household_bytes:,} bytes of database"),
        ("an invoice as PDF, fonts embedded", f"{measured.paper_bytes:,} bytes of documents"),
        (
            "a payment recorded by itself, sharing no page with others",
            f"{measured.payment_pages_most:,.0f} pages",
        ),
        ("a list of 100 invoices over the API", f"{measured.request_milliseconds:.1f} ms of processors"),
    )
    return f"{_table(heads, lines)}\n\n{_table(['measured, of one', ''], others)}"


def computed_table(measured: Measured) -> str:
    """Every place, a column each."""
    loads = [Load(place, measured) for place in PLACES]
    wanted = (
        ("districts", lambda load: f"{load.place.districts:,}"),
        ("households", lambda load: f"{load.place.households:,}"),
        ("invoices a year", lambda load: f"{load.invoices:,}"),
        ("rows a year", lambda load: f"{load.rows / 1e6:,.1f} million"),
        ("database a year, GiB", lambda load: _gib(load.database_bytes)),
        (f"database after {YEARS_KEPT} years, GiB", lambda load: _gib(load.kept_bytes)),
        (f"documents after {YEARS_KEPT} years, GiB", lambda load: _gib(load.paper_bytes)),
        ("log a year, GiB", lambda load: _gib(load.wal_bytes)),
        (f"run in {RUN_HOURS} h: invoices a second", lambda load: f"{load.invoices_a_second:,.1f}"),
        ("… processors busy", lambda load: f"{load.run_cores:,.2f}"),
        ("… writes a second", lambda load: f"{load.run_iops:,.0f}"),
        ("fullest hour: payments a second", lambda load: f"{load.payments_a_second:,.2f}"),
        ("… processors busy", lambda load: f"{load.payment_cores:,.2f}"),
        ("… writes a second", lambda load: f"{load.payment_iops:,.0f}"),
        ("pages: requests a second", lambda load: f"{load.requests_a_second:,.1f}"),
        ("… processors busy", lambda load: f"{load.request_cores:,.2f}"),
        ("machines, without standbys", lambda load: f"{load.machines}"),
    )
    lines = [[name, *(show(load) for load in loads)] for name, show in wanted]
    return _table(["computed", *(place.name for place in PLACES)], lines)


def _gib(count: float) -> str:
    return f"{count / GIB:,.1f}"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *(["--:"] * (len(heads) - 1))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *lines))
