"""Who gets through to the protocol, how often, and what is said when the database fails."""

import hashlib
import ssl
from dataclasses import replace
from datetime import date
from urllib.parse import quote

import pytest
from sqlalchemy import text

from billing.kernel.money import Money
from billing.payments.models import Payment
from billing.payments.providers import service
from billing.payments.providers.models import (
    ProviderDialect,
    ProviderTransaction,
)
from tests.support.committed import all_agrees, count
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
)
from tests.support.providers import code

T = Money.tenge
KASPI, OSMP = ProviderDialect.KASPI, ProviderDialect.OSMP
NOBODY = "47363909995"  # a right check digit, but nobody's
MARCH_31 = date(2026, 3, 31)


PEM = "-----BEGIN CERTIFICATE-----\nc3ludGhldGljIGNlcnRpZmljYXRlLCBub2JvZHkncw==\n-----END CERTIFICATE-----\n"
FINGERPRINT = hashlib.sha256(ssl.PEM_cert_to_DER_cert(PEM)).hexdigest()


def test_whoever_does_not_know_the_secret_finds_nothing(app, sessions, kaspi, account):
    """A wrong secret, provider or district is no address at all; a renewed secret ends the old one."""
    secret = kaspi.url.rpartition("/")[2]
    client = app.test_client()
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    query = {"command": "check", "txn_id": "1", "account": account}
    for url in (
        f"/pay/kaspi/{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}",
        f"/pay/osmp/{secret}",
        f"/pay/kaspi/{OTHER_DISTRICT_ID}{secret[1:]}",
        f"/pay/kaspi/0{secret[1:]}",
        f"/pay/kaspi/99{secret[1:]}",
        "/pay/kaspi/1-",
        "/pay/kaspi/ә",
    ):
        assert client.get(url, query_string=query).status_code == 404, url
    with sessions.begin(DISTRICT_ID) as session:
        service.renew_secret(session, service.get_provider_by_code(session, "kaspi").id)
    assert kaspi.check(account).status_code == 404


def test_a_head_request_pays_nothing(sessions, kaspi, account):
    """HEAD looks at what GET would answer; here GET pays."""
    query = {"command": "pay", "txn_id": "1", "account": account, "sum": "5"}
    assert kaspi.app.test_client().head(kaspi.url, query_string=query).status_code == 405
    assert count(sessions, Payment) == 0


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        (["194.187.247.152"], "194.187.247.152", 200),
        (["194.187.247.152"], "194.187.247.153", 403),
        (["10.1.0.0/24", "2001:db8::/32"], "10.1.0.77", 200),
        (["10.1.0.0/24", "2001:db8::/32"], "2001:db8::1", 200),
        (["10.1.0.0/24"], "::ffff:10.1.0.5", 200),
        (["10.1.0.0/24"], "2001:db8::1", 403),
        (["10.1.0.0/24"], "", 403),
        ([], "8.8.8.8", 200),
    ],
)
def test_a_provider_calls_from_its_own_addresses(line_of, account, allowed, address, status):
    """Elsewhere even the right secret opens nothing."""
    line = line_of(KASPI, allowed_addresses=allowed)
    answer = line.get(
        {"command": "check", "txn_id": "1", "account": account}, environ_base={"REMOTE_ADDR": address}
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("proxies", "header", "status"),
    [
        (1, FINGERPRINT, 200),
        (1, FINGERPRINT.upper(), 200),
        (1, quote(PEM), 200),
        (1, "0" * 64, 403),
        (1, "%FF", 403),
        (1, None, 403),
        (0, FINGERPRINT, 403),  # no proxy of ours wrote it
    ],
)
def test_a_provider_shows_its_certificate(line_of, account, proxies, header, status):
    """The proxy in front says which certificate it saw; without a proxy nobody can."""
    line = line_of(KASPI, certificate_sha256=FINGERPRINT)
    settings = line.app.extensions["settings"]
    line.app.extensions["settings"] = replace(settings, proxies=proxies)
    headers = {} if header is None else {"X-Client-Certificate": header}
    query = {"command": "check", "txn_id": "1", "account": account}
    assert line.get(query, headers=headers).status_code == status


@pytest.mark.parametrize(("dialect", "expected"), [(KASPI, 4), (OSMP, 1)])
def test_too_many_calls_are_put_off(sessions, line_of, account, dialect, expected):
    """The third call of a minute is to come again; nothing is recorded, and nothing is final."""
    line = line_of(dialect, requests_per_minute_max=2)
    assert [code(line.pay(account, txn_id=number)) for number in (1, 2, 3)] == [0, 0, expected]
    assert count(sessions, Payment) == count(sessions, ProviderTransaction) == 2


def test_a_database_that_fails_leaves_the_provider_to_ask_again(sessions, engine, kaspi, osmp, account):
    """No final code is given where nobody knows what became of it."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE customer RENAME TO customer_away"))

    assert (code(kaspi.check(account)), code(kaspi.pay(account))) == (5, 4)
    assert (code(osmp.check(account)), code(osmp.pay(account))) == (243, 90)

    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE customer_away RENAME TO customer"))
    assert (code(kaspi.pay(account)), code(osmp.pay(account))) == (0, 0)
    assert count(sessions, Payment) == 2
    assert all_agrees(sessions)
