"""The words of the sample: invented names and remarks, some of them as nasty as real CRM text."""

FIRST_NAMES = {
    "F": dict.fromkeys(
        ("Alva", "Bente", "Calla", "Dorit", "Elin", "Fenna", "Greta", "Hedda", "Inka", "Jorun",
         "Karla", "Linnea", "Mirte", "Nadja", "Odile", "Petra", "Runa", "Sanne", "Thea", "Zoë"),
        1.0,
    ),
    "M": dict.fromkeys(
        ("Anders", "Bram", "Casper", "Dirk", "Edvin", "Floris", "Gustav", "Henk", "Ivo", "Joost",
         "Kasimir", "Lorenz", "Mattis", "Niels", "Otto", "Pelle", "Ruben", "Sven", "Tjark",
         "Ødger"),
        1.0,
    ),
    "X": dict.fromkeys(
        ("Alex", "Bo", "Charlie", "Dominique", "Eden", "Finn", "Jules", "Kim", "Luca", "Robin"),
        1.0,
    ),
}  # fmt: skip

LAST_NAMES = (
    "Aldermoor", "Birkholt", "Castelaar", "Dunvik", "Estermann", "Fairbrook", "Grauwen",
    "Holmsund", "Ivarsen", "Jonkvorst", "Kestrelby", "Lindquarry", "Marwick", "Nettelbeck",
    "Ottergard", "Pennhallow", "Quillfeldt", "Rosendaal", "Silberbaum", "Thornquist",
    "Umberland", "Vossloh", "Wetherfall", "Yarrowby", "Zandstra", "O'Dellan", "D’Arbois",
    "Mc\"Quote", "Žižkovar", "de la Müße", "Null", "山城",
)  # fmt: skip

COMPANY_STEMS = (
    "Amberline", "Bluefen", "Copperleaf", "Driftwell", "Eastmere", "Fernhill", "Goldcrest",
    "Harbourstone", "Ironwick", "Juniper & Daughters", "Kiln Lane", "Larkfield", "Mosswater",
    "Northgate", "Oakhollow", "Pebble \"Round\" Works", "Quarryside", "Redfinch", "Saltmarsh",
    "Tallow 🕯️ Light", "Upland", "Valebridge", "Westering", "=1+1 Accounting",
    "<img src=x onerror=alert(1)> Media",
)  # fmt: skip
COMPANY_FORMS = ("Ltd", "GmbH", "BV", "AS", "& Co", "Cooperative")

REMARKS = (
    "Asked for a quote by the end of the quarter.",
    "Prefers e-mail over calls.",
    "Met at the spring fair; wants a demo.",
    "Budget to be confirmed by the board.",
    "Uses a competitor's product until next year.",
    "Left a voicemail, no answer yet.",
    "Interested in the service contract only.",
    "Price list sent.",
    "Will decide together with the purchasing department.",
    "Follow up after the holidays.",
)

NASTY_REMARKS = (
    'Said: "call me back", then hung up.',
    "It's the customer's customer's wish; see ''notes''.",
    "First line.\nSecond line.\r\n\tThird, indented.",
    "Very happy 🎉👩🏽‍💻 — wants more!",
    "<img src=x onerror=\"alert('crm')\">",
    "<script>fetch('https://collector.invalid/')</script>",
    '=HYPERLINK("https://collector.invalid/","open me")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "Robert'); DROP TABLE leads;--",
    "semi;colon, comma, | pipe and \\ backslash",
    "\u202eright to left override\u202c and a no-break\u00a0space",
    "{{ 7 * 7 }} ${HOME} %s",
)

SUBJECTS = (
    "Invoice does not match the order",
    "Delivery late",
    "Login does not work",
    "Question about the warranty",
    "Spare part missing",
    "Wants to change the address",
    "<b>URGENT</b> \"again\"",
)  # fmt: skip

TASKS = {
    "call": 'Call "back"',
    "email": "Send the price list",
    "todo": "Prepare <b>the</b> visit",
}
"""What a task of each kind is called."""

PRODUCTS = (
    "Garden pump", "Greenhouse kit", "Rain barrel", "Soil sensor", "Hand tools", "Seed drill",
    "Service plan", "Extended warranty", "Irrigation set", "Compost turner", "Field 🌾 drone",
    "Weather \"Pro\" station",
)  # fmt: skip
PRODUCT_FAMILIES = ("equipment", "sensors", "services")
