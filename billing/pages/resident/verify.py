"""Is this paper real? Who holds an invoice or a receipt scans its code and sees what the register says."""

import re
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.kernel.clock import today
from billing.pages.resident.visiting import NOT_FOUND, find_district, guarded, visiting
from billing.payments.papers import PAPERS, Paper, find_paper
from billing.web.access import public
from billing.web.security import count_miss
from billing.web.transaction import current_session

blp = Blueprint("resident_verify", __name__, url_prefix="/verify")

_CODE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@blp.get("/")
@public()
def ask() -> Response:
    """Type a paper's code, where no camera is at hand."""
    typed = _CODE.search(request.args.get("code", ""))  # the whole address may have been typed
    if typed is not None:
        return redirect(url_for("resident_verify.page", paper_id=UUID(typed[0])))
    return guarded(make_response(render_template("resident/verify.html", asked="code" in request.args)))


@blp.get("/<uuid:paper_id>")
@public()
def page(paper_id: UUID) -> Response:
    """Number, date and sum of a paper, and whether it holds."""
    paper = _found(current_session(), paper_id)
    if paper is None:
        count_miss()
    content = render_template("resident/verify.html", paper=paper, asked=True)
    return guarded(make_response(content, 200 if paper else NOT_FOUND))


def _found(session: Session, paper_id: UUID) -> Paper | None:
    district_id = find_district(session, paper_id, *PAPERS)
    if district_id is None:
        return None
    with visiting(session, district_id):
        return find_paper(session, paper_id, today=today())
