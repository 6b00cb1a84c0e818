"""The demo's users, one of each role, and a resident; their secrets are shown once and kept nowhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access import tokens
from billing.access.models import Role
from billing.access.service import create_member, find_user
from billing.cli.demo.scene import Scene
from billing.cli.demo.steps import Unit as Work
from billing.cli.users import new_password
from billing.customers.models import Contract
from billing.customers.service import get_customer, make_access_code
from billing.invoicing.models import Invoice
from billing.kernel.clock import now

TOKEN_OWNER = Role.ACCOUNTANT
NAMES = {
    Role.CLERK: "Хатшыева Айгүл",
    Role.CASHIER: "Сынақбаева Жанар",
    Role.ACCOUNTANT: "Мысалбекова Гүлнәр",
    Role.AKIM: "Әкімов Дәурен",
    Role.AUDITOR: "Тексеров Серік",
    Role.ADMIN: "Басқарушин Қайрат",
}


@dataclass
class Secrets:
    """What is told once at the end.

    Attributes:
        passwords: by login.
        token: of the accountant, for programs.
        resident: the personal account and the code of somebody with invoices.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    resident: tuple[str, str] | None = None


def users_to_make(told: Secrets) -> Callable[[Session, Scene], list[Work]]:
    """The step that makes the users and puts down what is to be told of them."""

    def missing(session: Session, scene: Scene) -> list[Work]:
        work: list[Work] = [
            partial(_make, role=role, scene=scene, told=told)
            for role in Role
            if find_user(session, role.value) is None
        ]
        # Before them: whoever finds the users finds all.
        return [partial(_hand_over_code, scene=scene, told=told), *work] if work else []

    return missing


def _hand_over_code(session: Session, *, scene: Scene, told: Secrets) -> None:
    contract = session.scalars(
        select(Contract)
        .join(
            Invoice,
            (Invoice.district_id == Contract.district_id) & (Invoice.customer_id == Contract.customer_id),
        )
        .order_by(Contract.id)
        .limit(1)
    ).one()
    code = make_access_code(session, contract.id, on=scene.today, at=now())
    told.resident = get_customer(session, contract.customer_id).account_number, code


def _make(session: Session, *, role: Role, scene: Scene, told: Secrets) -> None:
    password = new_password()
    user = create_member(session, role.value, name=NAMES[role], password=password, roles=[role])
    told.passwords[user.login] = password
    if role is TOKEN_OWNER:
        issued = tokens.issue_token(session, user.id, label="demo", expires_on=None, today=scene.today)
        told.token = issued.text
