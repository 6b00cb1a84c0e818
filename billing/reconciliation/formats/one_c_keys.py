"""The keys of 1CClientBankExchange: what banks and 1C call the same thing, in small letters."""

import re

SECTION, SECTION_END = "секциярасчсчет", "конецрасчсчет"
DOCUMENT, DOCUMENT_END = "секциядокумент", "конецдокумента"
FILE_END = "конецфайла"
STRUCTURE = frozenset({SECTION, SECTION_END, DOCUMENT, DOCUMENT_END, FILE_END})

NO_KEY = ""  # our name for a line of text
FOREIGN_KEY = "-"  # before the name of a key we have no use for

# Our short names, and what banks and 1C call the same.
_PARTY_KEYS = {
    "name": ("наименование", "", "1", "наименование1"),
    "id": ("бин_иин", "иин_бин", "биниин", "иинбин", "иин", "бин", "инн"),
    "iban": ("иик", "счет", "расчсчет", "iban"),
    "bic": ("банкбик", "бик", "банкбск"),
}
_PARTIES = {
    "payer": ("плательщик",),
    "payee": ("получатель",),
    "real_payer": ("фактическийплательщик", "фактплательщик"),
    "real_payee": ("фактическийполучатель", "фактполучатель"),
}
_KEYS = {
    "booked": ("датаоперации", "датапроводки"),
    "credited_on": ("датапоступило",),
    "debited_on": ("датасписано",),
    "valued": ("датавалютирования",),
    "dated": ("датадокумента", "дата"),
    "in": ("суммаприход",),
    "out": ("суммарасход",),
    "sum": ("сумма",),
    "currency": ("валюта",),
    "number": ("номердокумента", "номер"),
    "purpose": ("назначениеплатежа",),
    "knp": ("кодназначенияплатежа", "кодназплатежа", "кнп"),
    "budget": ("кодбк", "кбк", "показателькбк"),
    "reference": ("референс", "номероперации"),
    "from": ("датаначала",),
    "to": ("датаконца",),
    "account": ("расчсчет",),
    "opening": ("начальныйостаток",),
    "closing": ("конечныйостаток",),
    "credited": ("всегопоступило",),
    "debited": ("всегосписано",),
}


def _known_keys() -> dict[str, str]:
    keys = {name: short for short, names in _KEYS.items() for name in names}
    for party, prefixes in _PARTIES.items():
        for part, endings in _PARTY_KEYS.items():
            keys |= {f"{prefix}{ending}": f"{party}_{part}" for prefix in prefixes for ending in endings}
    # A long purpose is spread over numbered keys, of which one may repeat the whole.
    keys |= {f"назначениеплатежа{number}": f"purpose_{number}" for number in range(1, 7)}
    return keys


KNOWN = _known_keys()
# A line «счет=123» belongs to the purpose above it; a key that only one bank has begins like all keys.
LIKE_A_KEY = re.compile(
    r"(?:плательщик|получатель|фактическ|дата|время|сумма|номер|вид|код|показатель|назначениеплатежа|банк|срок"
    r"|очередность|статус|квитанция|валюта|документ|курс|референс|отправитель|версия|кодировка|налог)\w*"
)
PURPOSE_PARTS = frozenset(f"purpose_{number}" for number in range(1, 7))
