"""A provider's program as providers run them: it repeats, contradicts itself, comes late and all at once.

It knows the protocol and nothing of the application: it calls an address over HTTP, as they do, and says of
every answer whether a provider could live with it.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from threading import Barrier, Lock
from urllib.parse import quote, urlencode, urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

from billing.kernel.shown import Shown
from billing.payments.providers.models import ProviderDialect

TIMEOUT_SECONDS = 60
ATTEMPTS_MAX = 60  # of one call, before the line is given up
WAIT_MS_MAX = 1_000
OK = 200
TEMPORARY = {ProviderDialect.KASPI: {4}, ProviderDialect.OSMP: {1, 90}}
MALFORMED = (
    "",
    "command=pay",
    "command=refill&txn_id=1&account={account}&sum=1.00",
    "command=pay&txn_id=one&account={account}&sum=1.00",
    "command=pay&txn_id={txn_id}&account={account}&sum=1,00",
    "command=pay&txn_id={txn_id}&account={account}&sum=1e9",
    "command=pay&txn_id={txn_id}&account={account}&sum=-1.00",
    "command=pay&txn_id={txn_id}&account={account}&sum=1.00&txn_date=20261399000000",
    "command=pay&txn_id={txn_id}&txn_id=2&account={account}&sum=1.00",
    f"command=pay&txn_id={{txn_id}}&account={quote('дербес шот'.encode('kz1048'))}&sum=1.00",
    "command=pay&txn_id={txn_id}&account={account}&sum=1.00&comment=" + "x" * 5_000,
)


class Scenario(Shown):
    """What a provider's program does."""

    NORMAL = "normal"  # checks, then pays
    DUPLICATE = "duplicate"  # pays, and says so twice more
    CONCURRENT = "concurrent"  # says the same over all its lines at once
    OUT_OF_ORDER = "out_of_order"  # pays unasked, the later payment first
    LATE = "late"  # tells days later, twice
    CONTRADICTION = "contradiction"  # tells another sum under the same number
    MALFORMED = "malformed"


# Of a hundred calls.
SHARES = {
    Scenario.NORMAL: 40,
    Scenario.DUPLICATE: 20,
    Scenario.CONCURRENT: 20,
    Scenario.OUT_OF_ORDER: 8,
    Scenario.LATE: 4,
    Scenario.CONTRADICTION: 4,
    Scenario.MALFORMED: 4,
}


class LineDead(RuntimeError):
    """Nobody answered, however often it was tried."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        result: its code; None where the answer cannot be read or did not come with HTTP 200.
        nanoseconds: of the attempt that was answered.
    """

    body: bytes
    result: int | None
    nanoseconds: int


@dataclass
class Tally:
    """What came of the calls of one scenario."""

    scenario: Scenario
    replies: list[Reply] = field(default_factory=list)
    paying_nanoseconds: list[int] = field(default_factory=list)
    wrong: int = 0  # stories that a provider could not live with

    @property
    def accepted(self) -> int:
        """Calls answered with 0."""
        return sum(reply.result == 0 for reply in self.replies)

    @property
    def refused(self) -> int:
        """Calls answered with another code."""
        return len(self.replies) - self.accepted


class Simulator:
    """A provider's program at work.

    Attributes:
        paid: the transactions that were accepted: as many payments must be there.
    """

    def __init__(
        self,
        url: str,
        accounts: Sequence[str],
        *,
        dialect: ProviderDialect,
        first_txn: int,
        clients: int,
        started_at: datetime,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        """Remember whom to call and what to pay for.

        Args:
            url: the provider's address, with its secret.
            accounts: personal accounts to pay to.
            first_txn: the number of the first transaction; the others follow.
            clients: lines at once.
            started_at: now, in Kazakhstan.
            between: done after every tenth pair of a check and a payment.
        """
        self.url = urlsplit(url)
        self.accounts = accounts
        self.temporary = TEMPORARY[dialect]
        self.clients = clients
        self.started_at = started_at
        self.between = between
        self.paid: set[str] = set()
        self._numbers = count(first_txn)
        self._lock = Lock()

    def run(self, calls: int) -> list[Tally]:
        """Play every scenario, so that about so many calls are made."""
        return [self.play(scenario, calls * share // 100) for scenario, share in SHARES.items()]

    def play(self, scenario: Scenario, calls: int) -> Tally:
        """Play one scenario over and over, on all lines."""
        tally = Tally(scenario)
        story, calls_of_story = {
            Scenario.NORMAL: (self._normal, 2),
            Scenario.DUPLICATE: (self._duplicate, 3),
            Scenario.CONCURRENT: (self._concurrent, self.clients),
            Scenario.OUT_OF_ORDER: (self._out_of_order, 2),
            Scenario.LATE: (self._late, 2),
            Scenario.CONTRADICTION: (self._contradiction, 3),
            Scenario.MALFORMED: (self._malformed, 1),
        }[scenario]
        stories = max(1, calls // calls_of_story)
        if scenario is Scenario.CONCURRENT:
            for number in range(stories):  # each has all lines for itself
                story(tally, number)
            return tally
        with ThreadPoolExecutor(self.clients) as lines:
            for _ in lines.map(lambda number: story(tally, number), range(stories)):
                pass
        return tally

    def _normal(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        checked = self._call(tally, command="check", txn_id=txn_id, account=account)
        paid = self._pay(tally, txn_id, account)
        self._expect(tally, checked.result == 0 and paid.result == 0)
        if number % 10 == 0:
            self.between()

    def _duplicate(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        told = [self._pay(tally, txn_id, account) for _ in range(3)]
        self._expect(tally, told[0].result == 0 and _alike(told))

    def _concurrent(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        barrier = Barrier(self.clients)

        def pay(_: int) -> Reply:
            barrier.wait()
            return self._pay(tally, txn_id, account)

        with ThreadPoolExecutor(self.clients) as lines:
            told = list(lines.map(pay, range(self.clients)))
        self._expect(tally, told[0].result == 0 and _alike(told))

    def _out_of_order(self, tally: Tally, number: int) -> None:
        (earlier, account), (later, _) = self._next(number), self._next(number)
        told = [
            self._pay(tally, later, account),
            self._pay(tally, earlier, account, at=self.started_at - timedelta(minutes=5)),
        ]
        self._expect(tally, all(reply.result == 0 for reply in told))

    def _late(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        told = [self._pay(tally, txn_id, account, at=self.started_at - timedelta(days=2)) for _ in range(2)]
        # Its month may be closed meanwhile: then the refusal is what has to stay.
        self._expect(tally, told[0].result is not None and _alike(told))

    def _contradiction(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        told = [self._pay(tally, txn_id, account, amount=amount) for amount in ("10.00", "10.01", "10.00")]
        refused = told[1].result not in {0, None}
        self._expect(tally, told[0].result == 0 and refused and _alike([told[0], told[2]]))

    def _malformed(self, tally: Tally, number: int) -> None:
        txn_id, account = self._next(number)
        query = MALFORMED[number % len(MALFORMED)].format(txn_id=txn_id, account=account)
        reply = self._ask(query)
        tally.replies.append(reply)
        self._expect(tally, reply.result not in {0, None})

    def _next(self, number: int) -> tuple[str, str]:
        return str(next(self._numbers)), self.accounts[number % len(self.accounts)]

    def _pay(
        self, tally: Tally, txn_id: str, account: str, *, amount: str = "10.00", at: datetime | None = None
    ) -> Reply:
        reply = self._call(
            tally,
            command="pay",
            txn_id=txn_id,
            account=account,
            sum=amount,
            txn_date=f"{at or self.started_at:%Y%m%d%H%M%S}",
        )
        with self._lock:
            tally.paying_nanoseconds.append(reply.nanoseconds)
            if reply.result == 0:
                self.paid.add(txn_id)
        return reply

    def _call(self, tally: Tally, **fields: str) -> Reply:
        reply = self._ask(urlencode(fields))
        with self._lock:
            tally.replies.append(reply)
        return reply

    def _ask(self, query: str) -> Reply:
        """Call until there is an answer that is not "come again", as providers do.

        Raises:
            LineDead: there never was.
        """
        for attempt in range(ATTEMPTS_MAX):
            started = time.perf_counter_ns()
            try:
                reply = self._once(query, started)
            except (OSError, HTTPException):
                reply = None
            if reply is not None and reply.result not in self.temporary:
                return reply
            time.sleep(min(10 * 2**attempt, WAIT_MS_MAX) / 1_000)
        raise LineDead(query)

    def _once(self, query: str, started: int) -> Reply:
        secure = self.url.scheme == "https"
        connect = HTTPSConnection if secure else HTTPConnection
        connection = connect(self.url.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", f"{self.url.path}?{query}")
            response = connection.getresponse()
            body = response.read()
            result = _result(body, response.headers.get_content_type()) if response.status == OK else None
            return Reply(body, result, time.perf_counter_ns() - started)
        finally:
            connection.close()

    def _expect(self, tally: Tally, held: bool) -> None:
        with self._lock:
            tally.wrong += not held


def percentile(nanoseconds: Iterable[int], percent: int) -> int:
    """The time that so many of a hundred calls took at most; 0 for none."""
    ordered = sorted(nanoseconds)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0


def _alike(told: Sequence[Reply]) -> bool:
    return len({reply.body for reply in told}) == 1


def _result(body: bytes, content_type: str) -> int | None:
    try:
        if content_type == "application/json":
            return int(json.loads(body)["result"])
        return int(ElementTree.fromstring(body).findtext("result", ""))
    except (ValueError, KeyError, ParseError):
        return None
