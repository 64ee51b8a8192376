"""Which column of an export holds what: by its usual names or by a mapping. Pure."""

from __future__ import annotations

import re
import unicodedata

REQUIRED = ("customer", "number", "invoice_date", "due_date", "amount")
OPTIONAL = (
    "customer_name",
    "currency",
    "paid_date",
    "disputed",
    "paid_amount",
    "email",
)
FIELDS = REQUIRED + OPTIONAL

# Usual names, the best first, without case, accents and everything but letters.
_NAMES = {
    "customer": """
        customerid customerno customernumber custid custno customercode custnumber
        customeraccount accountnumber accountno accountid debtorid debtorno debtornumber
        debtor clientid clientno clientnumber customer cust client partnerid partner
        kundennummer kundennr kundenr debitorennummer debitorennr debitornr debitor
        kundenid kunde codeclient numeroclient idcliente codigocliente cliente
    """,
    "customer_name": """
        customername custname namecustomer debtorname clientname partnername
        partneridname companyname company accountname kundenname debitorenname
        debitorname firma nomclient raisonsociale nombrecliente razonsocial name
    """,
    "number": """
        invoicenumber invoiceno invoicenr invoicenum invoiceid invoice invno invnumber
        invid documentnumber documentno documentid docno docid doc billno billnumber
        reference number rechnungsnummer rechnungsnr rechnungnr rechnung belegnummer
        belegnr rgnr renr numerofacture facture numerofactura factura
    """,
    "invoice_date": """
        invoicedate dateinvoice invdate documentdate docdate documentcreatedate
        postingdate issuedate dateissued issued billdate billingdate rechnungsdatum
        belegdatum rgdatum datefacture datefacturation fechafactura fechaemision date
        datum
    """,
    "due_date": """
        duedate invoicedatedue datedue dueindate due dueon paymentduedate maturitydate
        datematurity maturity netduedate falligkeit falligkeitsdatum falligam fallig
        faelligkeit faelligkeitsdatum faelligam nettofalligkeit zahlbarbis
        dateecheance echeance fechavencimiento vencimiento
    """,
    "amount": """
        invoiceamount amounttotal totalamount totalopenamount grossamount grosstotal
        invoicetotal invoicevalue amountdue amount total value openamount
        amountresidual balance rechnungsbetrag bruttobetrag gesamtbetrag betrag brutto
        summe offenerbetrag montant montantttc ttc importe importetotal
    """,
    "currency": """
        currencycode currency invoicecurrency curr currencyid curcode wahrung
        waehrung wahrungscode devise moneda divisa
    """,
    "paid_date": """
        settleddate settlementdate paiddate datepaid paidon paymentdate datepayment
        cleardate clearingdate cleareddate clearingdt bezahltam zahlungsdatum
        zahldatum zahlungseingang ausgleichsdatum datepaiement
        datereglement fechapago pagadoel
    """,
    "disputed": """
        disputed dispute isdisputed indispute disputeflag strittig bestritten
        reklamation reklamiert inklarung litige conteste disputada endisputa
    """,
    "paid_amount": """
        paidamount amountpaid paymentamount amountsettled bezahlterbetrag zahlbetrag
        montantpaye montantregle importepagado
    """,
    "email": """
        email customeremail emailaddress mail rechnungsmail courriel correo
        correoelectronico
    """,
}

# Who it is, where another column has his number.
_CUSTOMERS = ("customer", "client", "kunde", "cliente", "partner", "debitor", "debtor")


def bare(name: str) -> str:
    """`Fällig am (Datum)` -> `falligam`."""
    name = re.sub(r"\(.*?\)|\[.*?\]", "", name)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower())


def recognise(header: list[str]) -> dict[str, int]:
    """Field -> position of the column that holds it, for the fields that are found."""
    positions = {}
    for position, name in enumerate(header):
        positions.setdefault(bare(name), position)
    columns = {}
    for field, names in _NAMES.items():
        found = [positions[name] for name in names.split() if name in positions]
        if found:
            columns[field] = found[0]
    plain = [positions[name] for name in _CUSTOMERS if name in positions]
    if "customer_name" not in columns and plain and plain[0] != columns["customer"]:
        columns["customer_name"] = plain[0]  # "Kunde" beside "Kundennummer"
    if "customer" not in columns and "customer_name" in columns:
        columns["customer"] = columns["customer_name"]
    return columns


def named(header: list[str], mapping: dict[str, str]) -> dict[str, int]:
    """The columns that the user names; a ValueError says which name is wrong."""
    stripped = [name.strip() for name in header]
    lower = [name.lower() for name in stripped]
    columns = {}
    for field, column in mapping.items():
        if field not in FIELDS:
            raise ValueError(
                f"There is no field {field!r}. Fields: {', '.join(FIELDS)}."
            )
        wanted = column.strip()
        if wanted in stripped:
            columns[field] = stripped.index(wanted)
        elif wanted.lower() in lower:
            columns[field] = lower.index(wanted.lower())
        else:
            raise ValueError(
                f"{field} shall be the column {column!r}, which the file does not have."
            )
    return columns
