"""Registering an enterprise on the wire: here, not among the districts, because it gets its book at once."""

from typing import Any

from billing.access.models import Role
from billing.districts import service as districts
from billing.districts.api import EnterpriseIn, EnterpriseOut
from billing.districts.models import Enterprise
from billing.ledger import service
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.transaction import current_session

blp = Blueprint("enterprises", __name__, url_prefix="/api/v1", description="Registering enterprises.")


@blp.post("/enterprises")
@requires(Role.ADMIN)
@blp.arguments(EnterpriseIn)
@blp.response(201, EnterpriseOut)
@versioned
def register_enterprise(body: dict[str, Any]) -> Enterprise:
    """Register an enterprise, and open its book and the district's budget book."""
    enterprise = districts.register_enterprise(current_session(), **body)
    service.open_enterprise_book(current_session(), enterprise.id)
    service.open_budget_book(current_session())
    return enterprise
