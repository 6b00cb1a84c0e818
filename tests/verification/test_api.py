"""Verification over HTTP: clean, or every difference by name, for those who may know."""

import pytest

from billing.access.models import Role
from tests.support.districts import DISTRICT_ID
from tests.support.lived import collect_a_fee


@pytest.fixture
def fee(office):
    """A fee collected in the office's district, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return collect_a_fee(session)


def test_verification_is_clean_and_names_what_is_not(office, fee, documents):
    """Nothing differs after the season; a lost document is named in the reader's language."""
    assert office.get("/api/v1/verification").json == {"is_clean": True, "differences": []}
    lost = min(path for path in documents.directory.rglob("*") if path.is_file())
    lost.unlink()

    answer = office.get("/api/v1/verification", headers={"Accept-Language": "ru"}).json

    assert answer["is_clean"] is False
    assert [each["code"] for each in answer["differences"]] == ["document_damaged"]
    assert answer["differences"][0]["detail"].startswith("Документ в архиве поврежден или отсутствует: ")


WRITING = [
    ("GET", "/api/v1/verification", {Role.ACCOUNTANT, Role.AKIM, Role.AUDITOR, Role.ADMIN}),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("method", "path", "allowed"), WRITING)
def test_who_may(office, method, path, allowed):
    """Strangers get 401, members without the role 403, the others are let in to the service."""
    assert office.stranger.request(method, path).status_code == 401
    for role in Role:
        status = office.member(role).request(method, path, json={} if method != "GET" else None).status_code
        assert (status not in {401, 403}) == (role in allowed), (role, status)
