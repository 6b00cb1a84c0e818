"""Profiles of banks' spreadsheets at the accountant's desk: which heading is which of our columns."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.rows import get_row
from billing.pages.desk import ACCOUNTANTS, BOOKKEEPERS, Choice
from billing.pages.forms import Form, blank, read, submit
from billing.reconciliation.column_profiles import list_profiles, save_profile
from billing.reconciliation.formats.profiles import FIELDS, HEADINGS_MAX, NAME_LENGTH_MAX
from billing.reconciliation.models import SavedProfile
from billing.web.access import requires
from billing.web.fields import IdField, Schema, StrictInteger, TextField
from billing.web.transaction import current_session

blp = Blueprint("accountant_profiles", __name__, url_prefix="/statements/profiles")


class ProfileForm(Schema):
    """A profile: of each of our columns the headings it may have, one to a line."""

    name = TextField(NAME_LENGTH_MAX, required=True)
    bank_account_id = IdField()
    version = StrictInteger(minimum=1)
    locals().update(
        {
            f"headings_{field}": TextField(HEADINGS_MAX * (NAME_LENGTH_MAX + 2), multiline=True)
            for field in FIELDS
        }
    )


@blp.get("/")
@requires(*BOOKKEEPERS)
def index() -> ResponseReturnValue:
    """The profiles there are."""
    profiles = list_profiles(current_session())
    return render_template("accountant/profiles.html", profiles=profiles, ibans=_ibans())


@blp.get("/new")
@requires(*ACCOUNTANTS)
def new() -> ResponseReturnValue:
    """A profile to be kept."""
    return _page(None)(blank())


@blp.post("/new")
@requires(*ACCOUNTANTS)
def keep() -> ResponseReturnValue:
    """Keep how a bank lays out its spreadsheets."""
    return _save(None)


@blp.get("/<uuid:profile_id>")
@requires(*ACCOUNTANTS)
def page(profile_id: UUID) -> ResponseReturnValue:
    """A profile, to be changed."""
    saved = _saved(current_session(), profile_id)
    headings = {f"headings_{field}": "\n".join(names) for field, names in saved.headings.items()}
    form = blank(name=saved.name, bank_account_id=saved.bank_account_id, version=saved.version, **headings)
    return _page(profile_id)(form)


@blp.post("/<uuid:profile_id>")
@requires(*ACCOUNTANTS)
def change(profile_id: UUID) -> ResponseReturnValue:
    """Change a profile as a whole."""
    return _save(profile_id)


def _save(profile_id: UUID | None) -> ResponseReturnValue:
    form = read(ProfileForm)

    def work(session: Session) -> str:
        typed = form.values
        lines = {field: typed.get(f"headings_{field}", "").splitlines() for field in FIELDS}
        save_profile(
            session,
            name=typed["name"],
            bank_account_id=typed.get("bank_account_id"),
            headings={field: [name for name in names if name.strip()] for field, names in lines.items()},
            profile_id=profile_id,
            version=typed.get("version"),
        )
        return url_for("accountant_profiles.index")

    fields = {f"headings.{field}": f"headings_{field}" for field in FIELDS}
    return submit(form, work, _page(profile_id), done="page.profile_kept", fields=fields)


def _saved(session: Session, profile_id: UUID) -> SavedProfile:
    return get_row(session, SavedProfile, profile_id, kind="column_profile")


def _page(profile_id: UUID | None) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        saved = None if profile_id is None else _saved(current_session(), profile_id)
        return render_template(
            "accountant/profile_form.html",
            form=form,
            saved=saved,
            columns=FIELDS,
            accounts=[Choice(str(account_id), iban) for account_id, iban in _ibans().items()],
        )

    return again


def _ibans() -> dict[UUID, str]:
    rows = current_session().execute(select(BankAccount.id, BankAccount.iban).order_by(BankAccount.id))
    return {row[0]: row[1] for row in rows}
