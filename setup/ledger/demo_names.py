"""Invented customers: company names, people, places, phone numbers and goods.

Nothing here is copied from a list of real companies. Phone numbers lie in the
ranges that the regulators set aside for films and examples.
"""

from __future__ import annotations

import random
import re
import unicodedata

# country code -> (language, currency, [(city, postal code)], streets)
COUNTRIES = {
    "DE": (
        "de_DE",
        "EUR",
        [
            ("Hamburg", "20457"),
            ("Berlin", "10243"),
            ("Köln", "50667"),
            ("München", "80331"),
            ("Leipzig", "04109"),
            ("Bremen", "28195"),
            ("Nürnberg", "90402"),
            ("Kiel", "24103"),
        ],
        ("Hafenstraße", "Lindenallee", "Am Markt", "Industrieweg", "Bahnhofstraße"),
    ),
    "AT": (
        "de_DE",
        "EUR",
        [("Wien", "1010"), ("Graz", "8010"), ("Linz", "4020")],
        ("Ringstraße", "Kirchengasse", "Am Anger"),
    ),
    "CH": (
        "de_DE",
        "EUR",
        [("Zürich", "8001"), ("Basel", "4051"), ("Bern", "3011")],
        ("Seeweg", "Werkstrasse", "Dorfplatz"),
    ),
    "FR": (
        "fr_FR",
        "EUR",
        [
            ("Lyon", "69002"),
            ("Lille", "59000"),
            ("Nantes", "44000"),
            ("Paris", "75011"),
            ("Strasbourg", "67000"),
        ],
        ("rue des Tilleuls", "avenue de la Gare", "quai du Port", "rue Neuve"),
    ),
    "ES": (
        "es_ES",
        "EUR",
        [
            ("Valencia", "46002"),
            ("Bilbao", "48001"),
            ("Sevilla", "41001"),
            ("Madrid", "28012"),
        ],
        ("Calle Mayor", "Avenida del Puerto", "Calle de la Fuente"),
    ),
    "GB": (
        "en_US",
        "GBP",
        [
            ("London", "E1 6AN"),
            ("Bristol", "BS1 4DJ"),
            ("Leeds", "LS1 4AP"),
            ("Plymouth", "PL1 2AA"),
            ("Glasgow", "G1 1XQ"),
            ("Norwich", "NR1 3QU"),
        ],
        ("Quay Street", "Mill Lane", "Station Road", "Foundry Way", "High Street"),
    ),
    "IE": (
        "en_US",
        "EUR",
        [("Dublin", "D02 X285"), ("Cork", "T12 W8KP"), ("Galway", "H91 E9D3")],
        ("Harbour Row", "Abbey Street", "Bridge Street"),
    ),
    "US": (
        "en_US",
        "USD",
        [
            ("Portland", "04101"),
            ("Boston", "02110"),
            ("Baltimore", "21202"),
            ("Seattle", "98101"),
        ],
        ("Dock Street", "Maple Avenue", "Commerce Drive"),
    ),
}

# language -> (family names, trades, legal forms or endings)
_WORDS = {
    "de_DE": (
        "Albers Brenner Cordes Dorn Ehlers Falke Gruber Hartwig Immel Jansen Kessler "
        "Lorenz Mertens Nolte Oster Petersen Quast Rabe Sander Thomsen Ulrich Voss "
        "Wendt Zeller",
        "Haustechnik Bürobedarf Metallbau Gastronomie Elektro Möbelwerk Bootsbau "
        "Feinkost Lichtplanung Gartenbau Messebau Werkzeuge",
        "GmbH|GmbH & Co. KG|AG|e.K.|OHG",
    ),
    "fr_FR": (
        "Aubertin Beaumont Carpentier Delorme Fontanel Garnier Lacombe Marchais "
        "Perrin Rousselin Tavernier Vasseur",
        "Luminaires Menuiserie Équipements Traiteur Bureautique Nautisme Jardins "
        "Outillage",
        "SARL|SAS|SA",
    ),
    "es_ES": (
        "Aranda Benavides Cifuentes Echevarría Galindo Ibarra Lozano Montalvo "
        "Olmedo Quintana Robledo Zamora",
        "Iluminación Suministros Carpintería Hostelería Náutica Papelería "
        "Instalaciones Jardinería",
        "S.L.|S.A.|Hermanos S.L.",
    ),
    "en_US": (
        "Ashdown Blackwell Cobbett Draycott Ellery Fenwick Garrick Holloway Ingram "
        "Kerslake Langdon Marlowe Northcote Oakley Penrose Radcliffe Selwyn "
        "Thornbury Underhill Wexford",
        "Chandlers Interiors Joinery Catering Electrical Hardware Marine Outfitters "
        "Workspaces Lighting Nurseries Exhibitions",
        "Ltd|LLP|& Sons Ltd|plc",
    ),
}
_US_FORMS = "Inc.|LLC|Corp."

_FIRST_NAMES = {
    "de_DE": "Anke Bernd Carla Dirk Elke Frieder Greta Henning Ines Jost",
    "fr_FR": "Amélie Bastien Chloé Damien Élodie Florian",
    "es_ES": "Alba Bruno Carmen Diego Elena Fermín",
    "en_US": "Abigail Barnaby Clara Duncan Edith Felix Gemma Hugh",
}

# The invoice contact's name: the department that pays.
ACCOUNTS_DEPARTMENT = {
    "de_DE": "Buchhaltung",
    "fr_FR": "Comptabilité",
    "es_ES": "Contabilidad",
    "en_US": "Accounts Payable",
}

# Ranges for fiction: prefix and number of free digits behind it.
_FICTION_PHONES = {
    "DE": ("+49 171 39200", 2),
    "GB": ("+44 7700 900", 3),
    "FR": ("+33 6 39 98 ", 4),
    "US": ("+1 212 555 01", 2),
}

# (unit price, type, (smallest, largest quantity), names by language)
PRODUCTS = (
    ("38.90", "consu", (4, 60), "LED panel", "LED-Panel", "Dalle LED", "Panel LED"),
    ("129.00", "consu", (1, 24), "Desk lamp", "Schreibtischlampe", "Lampe de bureau",
     "Lámpara de mesa"),
    ("14.50", "consu", (10, 150), "Cable set", "Kabelsatz", "Jeu de câbles",
     "Juego de cables"),
    ("420.00", "consu", (1, 12), "Workbench", "Werkbank", "Établi", "Banco de trabajo"),
    ("73.20", "consu", (2, 40), "Storage crate", "Lagerkiste", "Caisse de stockage",
     "Caja de almacenaje"),
    ("9.80", "consu", (20, 250), "Copy paper, box", "Kopierpapier, Karton",
     "Papier, carton", "Papel de copia, caja"),
    ("265.00", "consu", (1, 18), "Office chair", "Bürostuhl", "Chaise de bureau",
     "Silla de oficina"),
    ("1490.00", "consu", (1, 6), "Exhibition stand", "Messestand",
     "Stand d'exposition", "Puesto de feria"),
    ("96.00", "service", (1, 30), "Installation, hour", "Montage, Stunde",
     "Installation, heure", "Instalación, hora"),
    ("118.00", "service", (1, 16), "Planning, hour", "Planung, Stunde",
     "Conception, heure", "Planificación, hora"),
    ("240.00", "service", (1, 8), "Maintenance visit", "Wartungsbesuch",
     "Visite d'entretien", "Visita de mantenimiento"),
    ("45.00", "service", (1, 5), "Freight", "Fracht", "Transport", "Transporte"),
)  # fmt: skip
PRODUCT_LANGUAGES = ("en_US", "de_DE", "fr_FR", "es_ES")


def slug(name: str) -> str:
    """`Bürobedarf Voß & Co.` -> `buerobedarf-voss-co`: safe inside an address."""
    for letters, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.lower().replace(letters, plain)
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")


def company_name(rng: random.Random, country: str) -> str:
    """A name in the country's language, with a legal form that is used there."""
    families, trades, forms = _WORDS[COUNTRIES[country][0]]
    if country == "US":
        forms = _US_FORMS
    family, trade = rng.choice(families.split()), rng.choice(trades.split())
    form = rng.choice(forms.split("|"))
    first, second = (family, trade)
    if COUNTRIES[country][0] in ("fr_FR", "es_ES"):
        first, second = (trade, family)
    return f"{first} {second} {form}"


def person_name(rng: random.Random, language: str) -> str:
    return " ".join(
        rng.choice(words.split())
        for words in (_FIRST_NAMES[language], _WORDS[language][0])
    )


def phone(rng: random.Random, country: str) -> str:
    """A number that can never reach anybody; empty where no such range is known."""
    if country not in _FICTION_PHONES:
        return ""
    prefix, digits = _FICTION_PHONES[country]
    return prefix + str(rng.randrange(10**digits)).zfill(digits)
