"""Statements as the banks of Kazakhstan write them, made of synthetic people and accounts."""

from collections.abc import Sequence

from billing.kernel.money import Money, total

OWN = "KZ456010000000000001"
OTHER = "KZ41722C000000000001"
ENTERPRISE_BIN = "240140000001"


def document(
    amount: str,
    *,
    day: str = "02.11.2026",
    number: str = "1",
    name: str = "Қожахмет Ұлан",
    iin_bin: str = "820301300007",
    iban: str = OTHER,
    purpose: str = "оплата",
    out: bool = False,
    own: str = OWN,
    **more: str,
) -> str:
    """One document of 1CClientBankExchange, as Kaspi writes it."""
    mine = {"Наименование": 'КГП "Үлгі ауыл"', "БИН_ИИН": ENTERPRISE_BIN, "ИИК": own}
    theirs = {"Наименование": name, "БИН_ИИН": iin_bin, "ИИК": iban}
    payee, payer = (theirs, mine) if out else (mine, theirs)
    lines = ["СекцияДокумент=выписка", f"НомерДокумента={number}", "ВидДокумента=Платежное поручение"]
    lines += [f"Получатель{key}={value}" for key, value in payee.items()]
    lines += [f"Плательщик{key}={value}" for key, value in payer.items()]
    lines += [f"Сумма{'Расход' if out else 'Приход'}={amount}", f"ДатаОперации={day}"]
    lines += [f"НазначениеПлатежа={purpose}", "КодНазначенияПлатежа=859"]
    lines += [f"{key}={value}" for key, value in more.items()]
    return "\n".join([*lines, "КонецДокумента"]) + "\n"


def section(
    credited: Sequence[str] = (),
    debited: Sequence[str] = (),
    *,
    first: str = "01.11.2026",
    last: str = "30.11.2026",
    opening: str = "100.00",
    own: str = OWN,
) -> str:
    """A section with balances that follow from these sums."""
    came, went = (total(Money.parse(text) for text in texts) for texts in (credited, debited))
    lines = ["СекцияРасчСчет", f"ДатаНачала={first}", f"ДатаКонца={last}", f"РасчСчет={own}"]
    lines += [f"НачальныйОстаток={opening}", f"ВсегоПоступило={came}", f"ВсегоСписано={went}"]
    lines += [f"КонечныйОстаток={Money.parse(opening) + came - went}", "КонецРасчСчет"]
    return "\n".join(lines) + "\n"


def one_c(
    *parts: str,
    first: str = "01.11.2026",
    last: str = "30.11.2026",
    own: str = OWN,
    end: str = "КонецФайла\n",
) -> str:
    """A whole file of sections and documents."""
    head = ["1CClientBankExchange", "ВерсияФормата=1.01", "Кодировка=Windows"]
    head += [f"ДатаНачала={first}", f"ДатаКонца={last}", f"РасчСчет={own}"]
    return "\n".join(head) + "\n" + "".join(parts) + end


HALYK = one_c(
    section(["5000.00"], first="01.11.2026", last="01.11.2026", opening="100000.00"),
    section(["2500.00", "2500.00"], first="02.11.2026", last="02.11.2026", opening="105000.00"),
    section(["5000.00"], ["20000.00"], first="03.11.2026", last="03.11.2026", opening="110000.00"),
    document(
        "5000.00",
        day="01.11.2026",
        number="101",
        name="Әлімбаева Гүлнұр",
        iin_bin="750115400007",
        purpose="Үлгі ауылы, қар тазалау ақысы, шот 000123",
    ),
    document("2500.00", number=""),
    document("2500.00", number=""),
    document("5000.00", day="03.11.2026", number="NT-77", purpose="за уборку снега, лиц. счет 4736390001"),
    document("20000.00", day="03.11.2026", number="88", name="ИП Жөндеуші", iin_bin="790707400002", out=True),
    first="01.11.2026",
    last="03.11.2026",
)
for _key in (
    "ДатаНачала",
    "ДатаКонца",
    "РасчСчет",
    "СекцияРасчСчет",
    "НачальныйОстаток",
    "ВсегоПоступило",
    "ВсегоСписано",
    "КонечныйОстаток",
    "КонецРасчСчет",
    "СекцияДокумент",
    "КонецДокумента",
):
    HALYK = HALYK.replace(f"{_key}=", f"{_key.upper()}=").replace(f"{_key}\n", f"{_key.upper()}\n")

SWIFT = f"""{{1:F01HSBKKZKXAXXX0000000000}}{{2:O9400000000000HSBKKZKXAXXX00000000000000000000N}}{{4:
:20:STMT20261107
:25:{OWN}
:28C:311/1
:60F:C261106KZT95000,00
:61:2611071107C7500,00NTRF000126//REF778
:86:/KNP/859 /NAME/Қожахмет Ұлан /IDN/820301300007 Оплата
по счету 000126
:61:2611071107D250,5NCHGNONREF//REF779
:86:Комиссия банка
:62F:C261107KZT102249,50
-}}
"""

CAMT = f"""<?xml version="1.0" encoding="windows-1251"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M-1</MsgId></GrpHdr>
<Stmt><Id>S-1</Id><Acct><Id><IBAN>{OWN}</IBAN></Id><Ccy>KZT</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">102500.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-08</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">106000.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-08</Dt></Dt></Bal>
<Ntry><Amt Ccy="KZT">4000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-08</Dt></BookgDt><AcctSvcrRef>REF-900</AcctSvcrRef><NtryDtls>
<TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs><Amt Ccy="KZT">1500.00</Amt>
<RltdPties><Dbtr><Pty><Nm>АО "KASPI BANK"</Nm></Pty></Dbtr><UltmtDbtr><Pty><Nm>Нұрғалиев Өмір</Nm>
<Id><PrvtId><Othr><Id>901124300005</Id></Othr></PrvtId></Id></Pty></UltmtDbtr>
<DbtrAcct><Id><IBAN>{OTHER}</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>қар тазалау,</Ustrd><Ustrd>шот 000127</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy="KZT">2500.00</Amt>
<Purp><Prtry>859</Prtry></Purp>
<RmtInf><Strd><CdtrRefInf><Ref>000128</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="KZT">500.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><DtTm>2026-11-08T18:00:00+05:00</DtTm></BookgDt><AddtlNtryInf>Комиссия</AddtlNtryInf></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""

SHEET = (
    ("Выписка по счету",),
    (f"ИИК: {OWN}", "", "Период: 01.11.2026 - 03.11.2026"),
    ("Входящий остаток:", "1 000,00"),
    (
        "№ документа",
        "Дата операции",
        "Дебет",
        "Кредит",
        "Наименование бенефициара / отправителя денег",
        "ИИК бенефициара / отправителя денег",
        "БИК банка бенефициара / отправителя денег",
        "КНП",
        "Назначение платежа",
    ),
    (
        "15",
        "02.11.2026 14:05:33",
        "",
        "5 000,50",
        "Әлімбаева Г. ИИН 750115400007",
        OTHER,
        "CASPKZKA",
        "859",
        "шот 123",
    ),
    ("16", "03.11.2026", "250", "", "АО Банк БИН 971240001315", "", "", "840", "Комиссия; за ноябрь"),
    ("Итого", "", "250,00", "5 000,50"),
    ("Исходящий остаток: 5 750,50",),
)


def csv_of(rows: Sequence[Sequence[str]], delimiter: str = ";") -> str:
    """The rows as CSV, every cell quoted."""
    return "".join(
        delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows
    )
