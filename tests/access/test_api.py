"""Users, roles and tokens over HTTP."""

from billing.access.models import Role


def test_me(office):
    """Whoever holds a token learns who he is and what he may do."""
    answer = office.member(Role.CLERK, Role.CASHIER, login="aigul").get("/api/v1/me")

    assert answer.status_code == 200
    assert answer.json["user"]["login"] == "aigul"
    assert answer.json["district"]["kato_code"] == "473639000"
    assert answer.json["roles"] == ["cashier", "clerk"]
