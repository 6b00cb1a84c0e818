"""Every page that people open and every form they send, with the roles that may."""

from billing.access.models import Role
from billing.orders.models import OrderState
from tests.support.season import Season

WRITERS = {Role.CLERK, Role.ACCOUNTANT}
READERS = WRITERS | {Role.CASHIER, Role.AUDITOR, Role.ADMIN}
TELLERS = {Role.CASHIER, Role.ACCOUNTANT}
BOOKS = {Role.ACCOUNTANT, Role.AUDITOR}

# Every page that is read, with who may read it. Ids stand in braces.
PAGES = {
    "/overview": set(Role),
    "/customers/": READERS,
    "/customers/?search=%D0%95%D1%81%D0%B5%D0%BD%D0%BE%D0%B2%D0%B0&category=resident": READERS,
    "/customers/new": WRITERS,
    "/customers/{customer}": READERS,
    "/customers/{customer}/edit": WRITERS,
    "/customers/{customer}/link": WRITERS,
    "/contracts/": READERS,
    "/contracts/{contract}": READERS,
    "/contracts/new/{customer}": WRITERS,
    "/orders/": READERS,
    "/orders/new": WRITERS,
    "/orders/new?search=%D0%95%D1%81%D0%B5%D0%BD%D0%BE%D0%B2%D0%B0": WRITERS,
    "/orders/new/{customer}": WRITERS,
    **{f"/orders/{{{state.value}}}": READERS for state in OrderState},
    "/orders/{completed}/act.pdf": READERS,
    "/invoices/": READERS,
    "/invoices/new/{customer}": WRITERS,
    "/invoices/issue": WRITERS,
    "/invoices/{invoice}": READERS,
    "/runs/": READERS,
    "/runs/new": WRITERS,
    "/runs/{run}": READERS,
    "/runs/{run}/invoices.pdf": READERS,
    "/runs/{run}/delivery.xlsx": READERS,
    "/invoices/{invoice}.pdf": READERS,
    "/invoices/{invoice}/credit": {Role.ACCOUNTANT},
    "/invoices/credit-notes/{credit_note}.pdf": READERS,
    "/payments/": READERS,
    "/payments/new": TELLERS,
    "/payments/new/{customer}": TELLERS,
    "/payments/{payment}": READERS,
    "/payments/{payment}/receipt.pdf": READERS,
    "/payments/{payment}/cash-order.pdf": READERS,
    "/reports/": set(Role),
    "/reports/execution": {Role.AKIM} | BOOKS,
    "/reports/trial-balance": BOOKS,
    "/reports/account-card?code=1210": BOOKS,
    "/reports/aged-debt": READERS,
    "/reports/statement?account_number={account_number}": READERS,
    "/reports/bank-proof": BOOKS,
    "/reports/in-transit?grouping=channel": {Role.AKIM} | BOOKS,
    "/statements/": BOOKS,
    "/statements/new": {Role.ACCOUNTANT},
    "/statements/uploads/{upload}": BOOKS,
    "/statements/rows?state=waiting": BOOKS,
    "/statements/rows/{row}": BOOKS,
    "/statements/{statement}": BOOKS,
    "/statements/rules/?ended=yes": BOOKS,
    "/statements/rules/new": {Role.ACCOUNTANT},
    "/statements/profiles/": BOOKS,
    "/statements/profiles/new": {Role.ACCOUNTANT},
    "/statements/profiles/{profile}": {Role.ACCOUNTANT},
    "/months/": BOOKS,
    "/cash-desks/": READERS,
    "/cash-desks/new": WRITERS | {Role.ADMIN},
    "/cash-desks/{cash_desk}": WRITERS | {Role.ADMIN},
    "/three-way/": {Role.AKIM} | BOOKS,
    "/three-way/{provider}/{yesterday}": {Role.AKIM} | BOOKS,
    "/three-way/{provider}/batch?row={row}": {Role.ACCOUNTANT},
}
# Every form that is sent, with who may send it; what it does is shown by the journeys.
FORMS = {
    "/customers/new": WRITERS,
    "/customers/{customer}/edit": WRITERS,
    "/customers/{customer}/personal": WRITERS,
    "/customers/{customer}/link": WRITERS,
    "/customers/{customer}/close": WRITERS,
    "/customers/{customer}/reopen": WRITERS,
    "/contracts/new/{customer}": WRITERS,
    "/contracts/{contract}/access-code": WRITERS,
    "/contracts/{contract}/charges": WRITERS,
    "/contracts/{contract}/charges/{charge}/end": WRITERS,
    "/contracts/{contract}/end": WRITERS,
    "/orders/new/{customer}": WRITERS,
    "/orders/{draft}/confirm": WRITERS,
    "/orders/{draft}/cancel": WRITERS,
    "/orders/{confirmed}/assign": WRITERS,
    "/orders/{assigned}/complete": WRITERS,
    "/invoices/new/{customer}": WRITERS,
    "/runs/new": WRITERS,
    "/runs/{run}/resume": WRITERS,
    "/invoices/issue": WRITERS,
    "/invoices/{invoice}/credit": {Role.ACCOUNTANT},
    "/payments/new/{customer}": TELLERS,
    "/payments/{payment}/refund": {Role.ACCOUNTANT},
    "/payments/{payment}/reverse": {Role.ACCOUNTANT},
    "/statements/new": {Role.ACCOUNTANT},
    "/statements/rematch": {Role.ACCOUNTANT},
    "/statements/rows/{row}/payment": {Role.ACCOUNTANT},
    "/statements/rows/{row}/confirm": {Role.ACCOUNTANT},
    "/statements/rows/{row}/entry": {Role.ACCOUNTANT},
    "/statements/rows/{row}/wrong-account": {Role.ACCOUNTANT},
    "/statements/rows/{row}/care": {Role.ACCOUNTANT},
    "/statements/rows/{row}/undo": {Role.ACCOUNTANT},
    "/statements/rules/new": {Role.ACCOUNTANT},
    "/statements/rules/{rule}/end": {Role.ACCOUNTANT},
    "/statements/profiles/new": {Role.ACCOUNTANT},
    "/statements/profiles/{profile}": {Role.ACCOUNTANT},
    "/months/": {Role.ACCOUNTANT},
    "/cash-desks/new": WRITERS | {Role.ADMIN},
    "/cash-desks/{cash_desk}": WRITERS | {Role.ADMIN},
    "/cash-desks/{cash_desk}/close": WRITERS | {Role.ADMIN},
    "/cash-desks/{cash_desk}/reopen": WRITERS | {Role.ADMIN},
    "/three-way/registry": {Role.ACCOUNTANT},
    "/three-way/{provider}/batch": {Role.ACCOUNTANT},
    "/three-way/{provider}/batch/weigh": {Role.ACCOUNTANT},
    "/three-way/{provider}/{yesterday}/missing": {Role.ACCOUNTANT},
    "/three-way/{provider}/{yesterday}/sign": {Role.ACCOUNTANT},
    "/three-way/{provider}/{yesterday}/unsign": {Role.ACCOUNTANT},
}
# These would do their work even when nothing is typed.
ASKING_NOTHING = ("/close", "/reopen", "{draft}/confirm", "/missing", "/resume")


def address(path: str, season: Season) -> str:
    """A page's address with the season's ids."""
    ids = {state.value: number for state, number in season.orders.items()}
    known = {name: getattr(season, name) for name in season.__dataclass_fields__ if name != "orders"}
    return path.format(**ids, **known)
