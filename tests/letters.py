"""Reading a message as the customer does."""

import re

from lxml import html

NUMBER = r"\S+/\d{4}/\d+"


def listed(message) -> dict:
    """{invoice number: cents} as the customer reads it, whatever his language."""
    tree = html.fromstring(message.get_body(("html",)).get_content())
    rows = (row.xpath("./td") for row in tree.xpath("//tr"))
    cells = ([cell.text_content().split() for cell in row] for row in rows)
    return {
        row[0][0]: int(re.sub(r"\D", "", "".join(row[2])))
        for row in cells
        if len(row) == 3 and row[0] and re.match(NUMBER, row[0][0])
    }
