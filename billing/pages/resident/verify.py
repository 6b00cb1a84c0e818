"""Is this paper real? Who holds an invoice or a receipt scans its code and sees what the register says."""

import re
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.districts.models import District
from billing.kernel.clock import today
from billing.kernel.db import ALL_DISTRICTS, scope
from billing.payments.papers import PAPERS, Paper, find_paper
from billing.web.access import public
from billing.web.transaction import current_session

blp = Blueprint("resident_verify", __name__, url_prefix="/verify")

NOT_FOUND = 404
_CODE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@blp.get("/")
@public()
def ask() -> Response:
    """Type a paper's code, where no camera is at hand."""
    typed = _CODE.search(request.args.get("code", ""))  # the whole address may have been typed
    if typed is not None:
        return redirect(url_for("resident_verify.page", paper_id=UUID(typed[0])))
    return _private(make_response(render_template("resident/verify.html", asked="code" in request.args)))


@blp.get("/<uuid:paper_id>")
@public()
def page(paper_id: UUID) -> Response:
    """Number, date and sum of a paper, and whether it holds."""
    paper = _found(current_session(), paper_id)
    content = render_template("resident/verify.html", paper=paper, asked=True)
    return _private(make_response(content, 200 if paper else NOT_FOUND))


def _found(session: Session, paper_id: UUID) -> Paper | None:
    before = session.info.get("district_id")
    # Nobody said which district: it is looked up over all of them by their keys, then worked in alone.
    scope(session, ALL_DISTRICTS)
    districts = select(District.id)
    known = (
        session.scalar(
            select(paper.district_id).where(paper.district_id.in_(districts), paper.id == paper_id)
        )
        for paper in PAPERS
    )
    district_id = next((each for each in known if each is not None), None)
    paper = None
    if district_id is not None:
        scope(session, district_id)
        paper = find_paper(session, paper_id, today=today())
    if before is not None:
        scope(session, before)
    return paper


def _private(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
