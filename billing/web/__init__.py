"""Flask plumbing only: one transaction per request, errors, fields, pages of lists, idempotency.

How to write a slice's ``api.py`` (services know nothing of it)::

    from billing.web.access import requires
    from billing.web.blueprint import Blueprint
    from billing.web.etag import versioned
    from billing.web.fields import AmountField, DateField, IdField, MoneyField, Schema, TextField
    from billing.web.lists import ListArgs, SortField, page_schema
    from billing.web.transaction import current_session

    blp = Blueprint("customers", __name__, url_prefix="/api/v1/customers", description="Payers.")

    class CustomerIn(Schema):                        # unknown keys are refused
        name = TextField(200, required=True)
        opened_on = DateField(required=True)

    class CustomerOut(Schema):                       # what we answer with: required=True, dump_only money
        id = IdField(required=True)
        name = TextField(required=True)
        debt = AmountField(required=True)            # any sign and size; MoneyField is for what people send
        version = StrictInteger(required=True)

    class CustomerArgs(ListArgs):                    # cursor, limit are there; ``page`` is a PageRequest
        sort = SortField("number", "name")
        kind = EnumField(CustomerKind)

    @blp.get("/")
    @requires()                                      # any role of the district
    @blp.arguments(CustomerArgs, location="query")
    @blp.response(200, page_schema(CustomerOut))
    def list_customers(args: dict[str, Any]) -> Page[Customer]:
        \"\"\"Customers by account number.\"\"\"           # becomes the summary in the documentation
        return service.list_customers(current_session(), **args)

    @blp.post("/")
    @requires(Role.CLERK, Role.ACCOUNTANT)
    @blp.arguments(CustomerIn)
    @blp.response(201, CustomerOut)
    def take_customer(body: dict[str, Any]) -> Customer:
        \"\"\"Take a customer.\"\"\"
        return service.take_customer(current_session(), **body)

    @blp.patch("/<uuid:customer_id>")
    @requires(Role.CLERK, Role.ACCOUNTANT)
    @blp.arguments(CustomerEdit)                     # fields not required; only what came is in the dict
    @blp.response(200, CustomerOut)
    @versioned                                       # ETag on answers; If-Match comes as ``version``
    def edit_customer(body: dict[str, Any], customer_id: UUID, version: int) -> Customer:
        \"\"\"Change what is known of a customer.\"\"\"
        return service.edit_customer(current_session(), customer_id, version=version, **body)

Rules:

* Order of decorators as above. Path parts come as keyword arguments, arguments of decorators positionally,
  the upper decorator's first. ``@versioned`` also stands on the GET that reads the thing.
* Nothing to answer with: ``@blp.response(204)`` and return None. Today's date: ``billing.kernel.clock``.
* A GET that writes (it logs the reading of personal data): ``@requires(..., writes=True)``.
* Answers are objects or ``page_schema(…)``, never bare lists. What the service returns may be a row, a
  dataclass or a dict. Write ``required=True`` on what is always there, ``allow_none=True`` on what may be
  null.
* A file: ``@blp.response(200, BINARY, content_type=PDF)`` and ``return file_answer(bytes_, PDF, "a.pdf")``
  of ``billing.web.files``.
* Upload: ``class Upload(Schema): file = FileField(required=True)`` and
  ``@blp.arguments(Upload, location="files")``.
* Refusals are raised by services and become problem+json by themselves. 400, 401, 403, 404, 409, 412, 413,
  415, 422, 428, 500, 503, the ``Idempotency-Key`` of every POST, and roles are documented by themselves.
* Add the blueprint to ``BLUEPRINTS`` in ``billing/app.py``. Tests take the fixture ``office``:
  ``office.get("/api/v1/me").json``, ``office.member(Role.CLERK).post(…)``; see ``tests/support/web.py``.
  A test that changes the application itself (adds a route) takes ``fresh_office``.
"""
