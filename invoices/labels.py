"""Every word the forms print by themselves, in Kazakh, Russian and English.

Names in capitals are whole captions; those with `{…}` are filled by `str.format`. Wording of the
approved forms (Р-1, КО-1: order of the Minister of Finance № 562 of 20 December 2012) is the order's;
«счет на оплату» has no approved form and follows custom. Kazakh wording that was not seen in a source,
only written from knowledge, is named in `KAZAKH_TO_BE_READ` below, for a native reader.
"""

from __future__ import annotations

from invoices.values import LocalText as T

# In the form a date takes, January first.
MONTHS = {
    "kk": "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "en": "January February March April May June July August September October November December",
}

# Parties and their particulars
SUPPLIER = T("Жеткізуші", "Поставщик", "Supplier")
BUYER = T("Сатып алушы", "Покупатель", "Buyer")
PAYER = T("Төлеуші", "Плательщик", "Payer")
CUSTOMER = T("Тапсырыс беруші", "Заказчик", "Customer")
EXECUTOR = T("Орындаушы", "Исполнитель", "Executor")
ORGANISATION = T("Ұйым", "Организация", "Organisation")
COUNTERPARTY = T("Контрагент", "Контрагент", "Counterparty")
IIN = T("ЖСН", "ИИН", "IIN")
BIN = T("БСН", "БИН", "BIN")
IIN_OR_BIN = T("ЖСН/БСН", "ИИН/БИН", "IIN/BIN")
PHONE = T("тел.", "тел.", "tel.")
CONTRACT = T("Шарт", "Договор", "Contract")
CONTRACT_OF = T("№ {number}, {date}", "№ {number} от {date}", "No. {number} of {date}")
NO_CONTRACT = T("Шартсыз", "Без договора", "Without a contract")
PERSONAL_ACCOUNT = T("Дербес шот", "Лицевой счет", "Personal account")

# «Счет на оплату»
INVOICE_NOTICE = T(
    "Осы шотты төлеу шарт талаптарымен келісуді білдіреді. Төлем жасалғаны туралы хабарлауды сұраймыз.",
    "Оплата данного счёта означает согласие с условиями договора. Просим уведомить об оплате.",
    "Paying this invoice means agreeing to the terms of the contract. Please let us know when you have paid.",
)
PAYMENT_ORDER = T("Төлем тапсырмасының үлгісі", "Образец платежного поручения", "Sample payment order")
BENEFICIARY = T("Бенефициар", "Бенефициар", "Beneficiary")
BENEFICIARY_BANK = T("Бенефициардың банкі", "Банк бенефициара", "Beneficiary's bank")
IIK = T("ЖСК", "ИИК", "Account (IBAN)")
BIC = T("БСК", "БИК", "BIC")
KBE = T("Кбе", "Кбе", "KBe")
KNP = T("ТМК", "Код назначения платежа", "Payment purpose code")
INVOICE_TITLE = T(
    "Төлемге арналған шот № {number}, {date}",
    "Счет на оплату № {number} от {date}",
    "Invoice for payment No. {number} of {date}",
)
DUE = T("Төлеу мерзімі", "Оплатить до", "Pay by")
ROW_NUMBER = T("№", "№", "No.")
CODE = T("Коды", "Код", "Code")
NAME = T("Атауы", "Наименование", "Name")
QUANTITY = T("Саны", "Кол-во", "Quantity")
UNIT = T("Өлш. бір.", "Ед.", "Unit")
PRICE = T("Бағасы", "Цена", "Price")
BENEFIT = T("Жеңілдік", "Льгота", "Benefit")
AMOUNT = T("Сомасы", "Сумма", "Amount")
TOTAL = T("Барлығы", "Итого", "Total")
VAT_INCLUDED = T("Оның ішінде ҚҚС {rate}", "В том числе НДС {rate}", "Including VAT {rate}")
WITHOUT_VAT = T("ҚҚС-сыз", "Без налога (НДС)", "Without VAT")
COUNT_AND_SUM = T(
    "Барлығы {count} атау, {sum} KZT сомасына",
    "Всего наименований {count}, на сумму {sum} KZT",
    "{count} items in all, for {sum} KZT",
)
TO_PAY = T("Төлеуге барлығы", "Всего к оплате", "Total to pay")
BENEFIT_GIVEN = T("Жеңілдік негізі", "Основание льготы", "Reason of the benefit")
PAY_BY_QR = T("QR арқылы төлеу", "Оплата по QR", "Pay by QR")

# The personal account's state
PERIOD = T("Кезең", "Период", "Period")
OPENING_DEBT = T("Кезең басындағы берешек", "Долг на начало", "Opening debt")
CHARGED = T("Есептелді", "Начислено", "Charged")
PAID = T("Төленді", "Оплачено", "Paid")
ADJUSTED = T("Түзетілді", "Корректировка", "Adjusted")
CLOSING_DEBT = T("Кезең соңындағы берешек", "Долг на конец", "Closing debt")

# Signatures
SIGNATURE = T("қолы", "подпись", "signature")
FULL_NAME = T("қолтаңбаның толық жазылуы", "расшифровка подписи", "name in full")
POSITION = T("лауазымы", "должность", "position")
SEAL = T("М.О.", "М.П.", "Seal")

# Pages
PAGE_OF = T("{page}-бет, барлығы {pages}", "Страница {page} из {pages}", "Page {page} of {pages}")

# Form Р-1
ORDER_562_ANNEX_50 = T(
    "Қазақстан Республикасы Қаржы министрінің 2012 жылғы 20 желтоқсандағы № 562 бұйрығына 50-қосымша",
    "Приложение 50 к приказу Министра финансов Республики Казахстан от 20 декабря 2012 года № 562",
    "Annex 50 to order No. 562 of the Minister of Finance of the Republic of Kazakhstan of 20 December 2012",
)
FORM_R1 = T("Р-1 нысаны", "Форма Р-1", "Form R-1")
PARTICULARS = T(
    "толық атауы, мекенжайы, байланыс құралдары туралы деректер",
    "полное наименование, адрес, данные о средствах связи",
    "full name, address, contact details",
)
ACT_CONTRACT = T("Шарт (келісімшарт)", "Договор (контракт)", "Contract")
DOCUMENT_NUMBER = T("Құжаттың нөмірі", "Номер документа", "Document number")
DRAWN_ON = T("Жасалған күні", "Дата составления", "Date drawn up")
ACT_TITLE = T(
    "ОРЫНДАЛҒАН ЖҰМЫСТАР (КӨРСЕТІЛГЕН ҚЫЗМЕТТЕР) АКТІСІ*",
    "АКТ ВЫПОЛНЕННЫХ РАБОТ (ОКАЗАННЫХ УСЛУГ)*",
    "ACT OF COMPLETED WORK (RENDERED SERVICES)*",
)
ACT_ROW = T("Реттік нөмірі", "Номер по порядку", "Number in order")
ACT_NAME = T(
    "Жұмыстардың (қызметтердің) атауы (техникалық ерекшелікке, тапсырмаға, жұмыстарды орындау "
    "(қызметтерді көрсету) кестесіне сәйкес олардың кіші түрлері бойынша, олар болған кезде)",
    "Наименование работ (услуг) (в разрезе их подвидов в соответствии с технической спецификацией, "
    "заданием, графиком выполнения работ (услуг) при их наличии)",
    "Name of works (services) (by their kinds, following the technical specification, the assignment, "
    "the schedule of works (services), if any)",
)
ACT_PERFORMED = T(
    "Жұмыстардың орындалған (қызметтердің көрсетілген) күні**",
    "Дата выполнения работ (оказания услуг)**",
    "Date the works were done (services rendered)**",
)
ACT_REPORT = T(
    "Ғылыми зерттеулер, маркетингтік, консультациялық және өзге де қызметтер туралы есеп жөніндегі "
    "мәліметтер (күні, нөмірі, беттер саны) (олар болған кезде)***",
    "Сведения об отчете о научных исследованиях, маркетинговых, консультационных и прочих услугах "
    "(дата, номер, количество страниц) (при их наличии)***",
    "Particulars of a report on research, marketing, consulting and other services "
    "(date, number, number of pages) (if any)***",
)
ACT_UNIT = T("Өлшем бірлігі", "Единица измерения", "Unit of measure")
ACT_DONE = T(
    "Орындалған жұмыстар (көрсетілген қызметтер)",
    "Выполнено работ (оказано услуг)",
    "Works done (services rendered)",
)
ACT_QUANTITY = T("саны", "количество", "quantity")
ACT_PRICE = T("бірлік бағасы", "цена за единицу", "price per unit")
ACT_COST = T("құны", "стоимость", "cost")
ACT_SUPPLIES = T(
    "Тапсырыс берушіден алынған қорларды пайдалану туралы мәліметтер",
    "Сведения об использовании запасов, полученных от заказчика",
    "Use of stocks received from the customer",
)
ACT_SUPPLIES_HINT = T("атауы, саны, құны", "наименование, количество, стоимость", "name, quantity, cost")
ACT_ATTACHMENT = T(
    "Қосымша: Құжаттама тізбесі, оның ішінде маркетингтік, ғылыми зерттеулер, консультациялық және өзге "
    "де қызметтер туралы есеп(тер) (ол (олар) болған кезде міндетті)",
    "Приложение: Перечень документации, в том числе отчет(ы) о маркетинговых, научных исследованиях, "
    "консультационных и прочих услугах (обязательны при его (их) наличии)",
    "Annex: List of documents, including report(s) on marketing, research, consulting and other services "
    "(required if there are any)",
)
ACT_PAGES = T("{pages} бетте", "на {pages} страниц", "on {pages} pages")
HANDED_OVER = T("Тапсырды (Орындаушы)", "Сдал (Исполнитель)", "Handed over (Executor)")
ACCEPTED = T("Қабылдады (Тапсырыс беруші)", "Принял (Заказчик)", "Accepted (Customer)")
ACCEPTED_ON = T(
    "Жұмыстарға (қызметтерге) қол қойылған (қабылданған) күн",
    "Дата подписания (принятия) работ (услуг)",
    "Date the works (services) were signed for (accepted)",
)
ACT_NOTES = T(
    "* Құрылыс-монтаж жұмыстарын қоспағанда, орындалған жұмыстарды (көрсетілген қызметтерді) қабылдап "
    "алу-беру үшін қолданылады. ** Орындалған жұмыстардың (көрсетілген қызметтердің) күндері әртүрлі "
    "кезеңдерге келсе, сондай-ақ олар қол қойылған күннен өзгеше болса толтырылады. *** Ғылыми "
    "зерттеулер, маркетингтік, консультациялық және өзге де қызметтер туралы есеп болған кезде толтырылады.",
    "* Применяется для приемки-передачи выполненных работ (оказанных услуг), за исключением "
    "строительно-монтажных работ. ** Заполняется в случае, если даты выполненных работ (оказанных услуг) "
    "приходятся на различные периоды, а также если они отличаются от даты подписания. *** Заполняется "
    "при наличии отчета о научных исследованиях, маркетинговых, консультационных и прочих услугах.",
    "* Used to hand over works done (services rendered), except construction and installation works. "
    "** Filled in when the dates fall into different periods, or differ from the date of signing. "
    "*** Filled in when there is a report on research, marketing, consulting and other services.",
)

# Form КО-1
ORDER_562_ANNEX_1 = T(
    "Қазақстан Республикасы Қаржы министрінің 2012 жылғы 20 желтоқсандағы № 562 бұйрығына 1-қосымша",
    "Приложение 1 к приказу Министра финансов Республики Казахстан от 20 декабря 2012 года № 562",
    "Annex 1 to order No. 562 of the Minister of Finance of the Republic of Kazakhstan of 20 December 2012",
)
FORM_KO1 = T("КО-1 нысаны", "Форма КО-1", "Form KO-1")
CASH_ORGANISATION = T(
    "Ұйым (жеке кәсіпкер)", "Организация (индивидуальный предприниматель)", "Organisation (sole trader)"
)
CASH_ORDER_TITLE = T("КІРІС КАССАЛЫҚ ОРДЕР", "ПРИХОДНЫЙ КАССОВЫЙ ОРДЕР", "CASH RECEIPT ORDER")
DEBIT = T("Дебет", "Дебет", "Debit")
CREDIT = T("Кредит", "Кредит", "Credit")
CREDIT_ACCOUNT = T(
    "Кредит: корреспонденттік шот", "Кредит: корреспондирующий счет", "Credit: corresponding account"
)
AMOUNT_KZT = T("Сомасы, KZT", "Сумма, в KZT", "Amount, KZT")
PURPOSE_CODE = T("Мақсатты тағайындау коды", "Код целевого назначения", "Purpose code")
RECEIVED_FROM = T("Кімнен қабылданды", "Принято от", "Received from")
BASIS = T("Негіздеме", "Основание", "Basis")
AMOUNT_IN_WORDS = T("Сомасы (жазумен)", "Сумма (прописью)", "Amount in words")
CHIEF_ACCOUNTANT = T(
    "Бас бухгалтер немесе уәкілетті тұлға",
    "Главный бухгалтер или уполномоченное лицо",
    "Chief accountant or authorised person",
)
CASHIER_GOT = T("Кассир алды", "Получил кассир", "Received by the cashier")
CASHIER = T("Кассир", "Кассир", "Cashier")
CASH_RECEIPT = T("ТҮБІРТЕК", "КВИТАНЦИЯ", "RECEIPT")
TO_CASH_ORDER = T(
    "кіріс кассалық ордерге № {number}",
    "к приходному кассовому ордеру № {number}",
    "to cash receipt order No. {number}",
)
CUT_LINE = T("кесу сызығы", "линия отреза", "cut here")
FISCAL_RECEIPT = T("БКМ чегі", "Чек ККМ", "Cash register receipt")
FISCAL_NUMBER = T("фискалдық белгі", "фискальный признак", "fiscal sign")
REGISTER_NUMBER = T("БКМ тіркеу нөмірі", "рег. номер ККМ", "register number")

# Credit note
CREDIT_NOTE_TITLE = T(
    "Кредит-нота № {number}, {date}", "Кредит-нота № {number} от {date}", "Credit note No. {number} of {date}"
)
TO_INVOICE = T(
    "Төлемге арналған шотқа № {number}, {date}",
    "К счету на оплату № {number} от {date}",
    "To invoice for payment No. {number} of {date}",
)
REASON = T("Себебі", "Основание", "Reason")
CREDITED = T("Азайтылған сома", "Сумма уменьшения", "Amount credited")
INVOICE_BEFORE = T("Шот сомасы, бұған дейін", "Сумма счета до уменьшения", "Invoice total before")
INVOICE_AFTER = T("Шот сомасы, бұдан кейін", "Сумма счета после уменьшения", "Invoice total after")

# Reconciliation statement
RECONCILIATION_TITLE = T(
    "Өзара есеп айырысуды салыстыру актісі № {number}, {date}",
    "Акт сверки взаимных расчётов № {number} от {date}",
    "Reconciliation statement No. {number} of {date}",
)
FOR_PERIOD = T("{start} – {end} кезеңі үшін", "за период с {start} по {end}", "for {start} to {end}")
WE_UNDERSIGNED = T(
    "Біз, төменде қол қоюшылар, {organisation} және {counterparty}, өзара есеп айырысудың жай-күйі есепке "
    "алу деректері бойынша мынадай екені туралы осы актіні жасадық:",
    "Мы, нижеподписавшиеся, {organisation} и {counterparty}, составили настоящий акт о том, что состояние "
    "взаимных расчётов по данным учёта следующее:",
    "We, the undersigned, {organisation} and {counterparty}, have drawn up this statement that, by our "
    "records, the accounts between us stand as follows:",
)
DATE = T("Күні", "Дата", "Date")
DOCUMENT = T("Құжат", "Документ", "Document")
OPERATION = T("Операцияның мазмұны", "Содержание операции", "Operation")
BALANCE = T("Сальдо", "Сальдо", "Balance")
OPENING_BALANCE = T("Кезең басындағы сальдо", "Сальдо на начало периода", "Opening balance")
TURNOVER = T("Кезеңдегі айналымдар", "Обороты за период", "Turnover")
CLOSING_BALANCE = T("Кезең соңындағы сальдо", "Сальдо на конец периода", "Closing balance")
NO_DEBT = T(
    "{date} жағдай бойынша тараптар арасында берешек жоқ.",
    "По состоянию на {date} задолженность между сторонами отсутствует.",
    "As of {date} neither side owes the other.",
)
COUNTERPARTY_OWES = T(
    "{date} жағдай бойынша контрагенттің ұйым алдындағы берешегі {sum} теңгені құрайды ({words}).",
    "По состоянию на {date} задолженность контрагента перед организацией составляет {sum} тенге ({words}).",
    "As of {date} the counterparty owes the organisation {sum} tenge ({words}).",
)
ORGANISATION_OWES = T(
    "{date} жағдай бойынша ұйымның контрагент алдындағы берешегі {sum} теңгені құрайды ({words}).",
    "По состоянию на {date} задолженность организации перед контрагентом составляет {sum} тенге ({words}).",
    "As of {date} the organisation owes the counterparty {sum} tenge ({words}).",
)

# Payment receipt
PAYMENT_RECEIPT_TITLE = T(
    "Төлем түбіртегі № {number}, {date}",
    "Квитанция об оплате № {number} от {date}",
    "Payment receipt No. {number} of {date}",
)
RECEIVED = T("Қабылданды", "Принято", "Received")
MEANS = T("Төлем тәсілі", "Способ оплаты", "Means of payment")
SETTLED = T("Төлем не үшін есепке алынды", "Что погашено", "What was settled")
INVOICE = T("Шот", "Счет", "Invoice")
WHY = T("Есепке алу тәртібі", "Порядок зачёта", "Why in this order")
ADVANCE = T("Аванс", "Аванс", "Advance")
DEBT_AFTER = T("Қалған берешек", "Остаток задолженности", "Debt that remains")
CHECK_BY_QR = T("QR арқылы тексеру", "Проверка по QR", "Check by QR")

# Slip with the code to log in
ACCESS_SLIP_TITLE = T("Жеке кабинетке қолжетімділік", "Доступ в личный кабинет", "Access to your account")
ACCESS_CODE = T("Қолжетімділік коды", "Код доступа", "Access code")
ACCESS_ADDRESS = T("Кіру мекенжайы", "Адрес для входа", "Where to log in")
ACCESS_NOTICE = T(
    "Код бір рет басылады және ешкімге айтылмайды. Жоғалтсаңыз немесе басқа біреу білсе, кәсіпорыннан "
    "жаңасын сұраңыз: ескі код бірден жұмысын тоқтатады.",
    "Код печатается один раз, никому его не сообщайте. Если он потерян или стал известен другим, попросите "
    "у предприятия новый: прежний сразу перестанет действовать.",
    "The code is printed once; tell it to nobody. If it is lost or somebody else has learnt it, ask the "
    "enterprise for another: the old one stops working at once.",
)
MADE_ON = T("Берілген күні", "Дата выдачи", "Made on")

# Written from knowledge, not seen in a source: a native reader should check these in Kazakh.
KAZAKH_TO_BE_READ = """
PAYER ORGANISATION COUNTERPARTY CONTRACT_OF NO_CONTRACT PERSONAL_ACCOUNT DUE BENEFIT VAT_INCLUDED
BENEFIT_GIVEN PAY_BY_QR PERIOD OPENING_DEBT CHARGED PAID ADJUSTED CLOSING_DEBT POSITION PAGE_OF
PARTICULARS ACT_TITLE ACT_ROW ACT_NAME ACT_PERFORMED ACT_REPORT ACT_DONE ACT_PRICE ACT_COST ACT_SUPPLIES
ACT_SUPPLIES_HINT ACT_ATTACHMENT ACT_PAGES HANDED_OVER ACCEPTED ACCEPTED_ON ACT_NOTES ORDER_562_ANNEX_1
FORM_KO1 CASH_ORGANISATION CASH_ORDER_TITLE DEBIT CREDIT CREDIT_ACCOUNT AMOUNT_KZT PURPOSE_CODE
RECEIVED_FROM BASIS AMOUNT_IN_WORDS CHIEF_ACCOUNTANT CASHIER_GOT CASHIER CASH_RECEIPT TO_CASH_ORDER
CUT_LINE FISCAL_RECEIPT FISCAL_NUMBER REGISTER_NUMBER CREDIT_NOTE_TITLE TO_INVOICE REASON CREDITED
INVOICE_BEFORE INVOICE_AFTER RECONCILIATION_TITLE FOR_PERIOD WE_UNDERSIGNED DATE DOCUMENT OPERATION
BALANCE OPENING_BALANCE TURNOVER CLOSING_BALANCE NO_DEBT COUNTERPARTY_OWES ORGANISATION_OWES
PAYMENT_RECEIPT_TITLE RECEIVED MEANS SETTLED INVOICE WHY ADVANCE DEBT_AFTER CHECK_BY_QR
ACCESS_SLIP_TITLE ACCESS_CODE ACCESS_ADDRESS ACCESS_NOTICE MADE_ON
""".split()  # noqa: SIM905  a list of 70 quoted names would not be read by anyone
