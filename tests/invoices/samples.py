"""Documents with dull defaults; a test names only what it is about. All identifiers are synthetic."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from invoices.values import (
    ActDocument,
    ActLine,
    BankDetails,
    CashOrderDocument,
    ContractReference,
    CreditNoteDocument,
    FiscalReceipt,
    InvoiceDocument,
    Line,
    LocalText,
    Party,
    PaymentReceiptDocument,
    PersonalAccount,
    ReconciliationDocument,
    ReconciliationRow,
    SettledLine,
    Signatory,
)

ALMATY = timezone(timedelta(hours=5))
KAZAKH_LETTERS = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"

ENTERPRISE = Party(
    name=LocalText(
        "Бейнеу ауданы әкімдігінің «Боранқұл ауылдық округінің абаттандыру және тазалық» шаруашылық "
        "жүргізу құқығындағы мемлекеттік коммуналдық кәсіпорны",
        "Государственное коммунальное предприятие на праве хозяйственного ведения «Благоустройство и "
        "чистота Боранкульского сельского округа» акимата Бейнеуского района",
        "Borankul Rural District Landscaping communal enterprise",
    ),
    tax_id="991240000003",
    address=LocalText(
        "Маңғыстау облысы, Бейнеу ауданы, Боранқұл ауылдық округі, Боранқұл ауылы, Қазақ хандығының 550 "
        "жылдығы көшесі, 12-үй",
        "Мангистауская область, Бейнеуский район, Боранкульская сельская администрация, с. Боранкул, "
        "ул. 550-летия Казахского ханства, дом 12",
    ),
    phone="+7 729 320 00 00",
)
RESIDENT = Party(
    name=LocalText.same("Әбдіғаппарова Үміт Һәкімқызы"),
    tax_id="991231500016",
    is_person=True,
    address=LocalText("Боранқұл ауылы, Теңіз көшесі, 7-үй", "с. Боранкул, ул. Тениз, д. 7"),
)
ORGANISATION = Party(
    name=LocalText("«Өңір құрылыс» ЖШС", "ТОО «Онир курылыс»", "Onir Kurylys LLP"),
    tax_id="991240000013",
    address=LocalText("Боранқұл ауылы, Өнеркәсіп аймағы", "с. Боранкул, промышленная зона"),
)
BANK = BankDetails(
    iban="KZ456010000000000001",
    bic="HSBKKZKX",
    bank_name=LocalText("«Қазақстан Халық Банкі» АҚ", "АО «Народный Банк Казахстана»", "Halyk Bank JSC"),
    kbe="16",
)
CONTRACT = ContractReference("2026/15-ҚТ", date(2026, 9, 1))
DIRECTOR = Signatory(LocalText("Директор", "Директор", "Director"), "Сәрсенбаев Қ. Ғ.")
CASHIER = Signatory(name="Өтегенова Һ. Ы.")
FISCAL = FiscalReceipt("1234567890", "010101234567", datetime(2026, 11, 23, 14, 5, tzinfo=ALMATY))
SNOW = LocalText(
    "Аулаға кіретін жолды және жаяу жүргіншілер жолын қардан тазарту",
    "Расчистка от снега подъездной дороги и пешеходной дорожки",
    "Snow clearing of the driveway and the footpath",
)
WATER = LocalText("Ауыз су жеткізу (цистернамен)", "Доставка питьевой воды (цистерной)", "Water delivery")
HOUR = LocalText("сағ.", "час", "hour")


def make_line(number: int = 1, **changes) -> Line:
    line = Line(
        name=SNOW if number % 2 else WATER,
        code=f"S{number:03d}",
        quantity=Decimal("2.5"),
        unit=HOUR,
        unit_price=436000,
        amount=1090000,
    )
    return replace(line, **changes)


def make_account() -> PersonalAccount:
    return PersonalAccount(
        number="473639-000017-4",
        period_from=date(2026, 11, 1),
        period_to=date(2026, 11, 30),
        opening=250000,
        charged=1190000,
        benefit=100000,
        paid=250000,
        closing=1090000,
    )


def make_invoice(count: int = 1, **changes) -> InvoiceDocument:
    document = InvoiceDocument(
        number="2026-000123",
        issued_on=date(2026, 11, 23),
        due_on=date(2026, 12, 10),
        supplier=ENTERPRISE,
        bank=BANK,
        buyer=RESIDENT,
        contract=CONTRACT,
        lines=tuple(make_line(number) for number in range(1, count + 1)),
        executor=DIRECTOR,
        payment_link="https://pay.example.kz/auyl?account=4736390000174&sum=10900.00&invoice=2026-000123",
    )
    return replace(document, **changes)


def make_act(count: int = 1, **changes) -> ActDocument:
    document = ActDocument(
        number="A-17",
        drawn_on=date(2026, 11, 23),
        customer=ORGANISATION,
        executor=ENTERPRISE,
        contract=CONTRACT,
        lines=tuple(
            ActLine(
                name=SNOW if number % 2 else WATER,
                performed_from=date(2026, 11, 20),
                performed_to=date(2026, 11, 22) if number % 2 else None,
                unit=HOUR,
                quantity=Decimal("2.5"),
                unit_price=436000,
                amount=1090000,
            )
            for number in range(1, count + 1)
        ),
        executor_signatory=DIRECTOR,
        customer_signatory=Signatory(DIRECTOR.position, "Ыбыраев Ө."),
        accepted_on=date(2026, 11, 23),
    )
    return replace(document, **changes)


def make_cash_order(**changes) -> CashOrderDocument:
    document = CashOrderDocument(
        number="58",
        drawn_on=date(2026, 11, 23),
        organisation=ENTERPRISE,
        received_from=RESIDENT.name,
        basis=LocalText("2026-000123 шоты бойынша", "По счету № 2026-000123", "Invoice No. 2026-000123"),
        amount=1090000,
        purpose_code="206108",
        chief_accountant=Signatory(name="Жүнісова Г. Қ."),
        cashier=CASHIER,
        fiscal=FISCAL,
    )
    return replace(document, **changes)


def make_credit_note(count: int = 1, **changes) -> CreditNoteDocument:
    document = CreditNoteDocument(
        number="К-3",
        issued_on=date(2026, 11, 25),
        invoice_number="2026-000123",
        invoice_issued_on=date(2026, 11, 23),
        supplier=ENTERPRISE,
        buyer=RESIDENT,
        contract=CONTRACT,
        account_number="473639-000017-4",
        lines=tuple(make_line(number) for number in range(1, count + 1)),
        reason=LocalText("Жұмыс көлемі қайта өлшенді", "Объём работ перемерен", "The work was measured anew"),
        invoice_total_before=3000000 * count,
        executor=DIRECTOR,
    )
    return replace(document, **changes)


def make_reconciliation(count: int = 2, **changes) -> ReconciliationDocument:
    document = ReconciliationDocument(
        number="7",
        drawn_on=date(2026, 12, 1),
        period_from=date(2026, 9, 1),
        period_to=date(2026, 11, 30),
        organisation=ENTERPRISE,
        counterparty=ORGANISATION,
        contract=CONTRACT,
        account_number="473639-000017-4",
        opening=250000,
        rows=tuple(
            ReconciliationRow(
                date(2026, 9, 1 + number % 30),
                LocalText(f"Шот № {number}", f"Счет № {number}", f"Invoice No. {number}")
                if number % 2
                else LocalText(f"Төлем № {number}", f"Платёж № {number}", f"Payment No. {number}"),
                SNOW if number % 2 else LocalText("Банк арқылы төлем", "Оплата через банк", "Bank payment"),
                debit=1090000 if number % 2 else 0,
                credit=0 if number % 2 else 1090000,
            )
            for number in range(1, count + 1)
        ),
        organisation_signatory=DIRECTOR,
        counterparty_signatory=Signatory(DIRECTOR.position, "Ыбыраев Ө."),
    )
    return replace(document, **changes)


def make_payment_receipt(count: int = 1, **changes) -> PaymentReceiptDocument:
    document = PaymentReceiptDocument(
        number="П-900",
        received_on=date(2026, 11, 23),
        organisation=ENTERPRISE,
        payer=RESIDENT,
        account_number="473639-000017-4",
        means=LocalText("Қолма-қол ақша", "Наличные", "Cash"),
        amount=1090000 * count + 50000,
        settled=tuple(
            SettledLine(f"2026-{number:06d}", date(2026, 11, 1), SNOW if number % 2 else WATER, 1090000)
            for number in range(1, count + 1)
        ),
        advance=50000,
        why=LocalText("Ең ескі берешек бірінші өтеледі", "Сначала самый старый долг", "Oldest debt first"),
        fiscal=FISCAL,
        link="https://pay.example.kz/receipt/900",
        cashier=CASHIER,
    )
    return replace(document, **changes)
