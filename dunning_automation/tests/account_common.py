from unittest.mock import patch

from odoo.tests import HttpCase

from .test_channels import ChannelCommon

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
"""Of a person; those of programs do not count as visits."""


class AccountCommon(ChannelCommon, HttpCase):
    """Two customers with a reminder each, and the people who look at their accounts."""

    def setUp(self):
        super().setUp()
        self.other = self._create_customer(name="CANARY Ltd")
        self.notice, self.overdue = self.planned()
        self.foreign_notice, self.foreign = self.planned(partner=self.other)
        self.foreign.ref = "CANARY reference"
        self.send(self.notice | self.foreign_notice)
        self.link = f"/dunning/account/{self.notice._get_account_token()}"
        self.env.flush_all()

    def page(self, login, path, **values):
        """What ``login`` (None = nobody) gets."""
        self.authenticate(login, login)
        return self.url_open(path, allow_redirects=False, **values)

    def without_printing(self):
        """Documents say whose they are and are not drawn: that is slow, and who may
        have them is asked before."""
        self.startPatcher(
            patch.object(
                type(self.env["dunning.account"]),
                "_make_pdf",
                lambda model, partner, company: partner.name.encode(),
            )
        )
        self.startPatcher(
            patch.object(
                type(self.env["account.move"]),
                "_get_invoice_legal_documents",
                lambda move, *args, **options: {
                    "content": (move.ref or move.name).encode(),
                    "filename": "invoice.pdf",
                },
            )
        )

    def many(self, customer, number):
        """That many overdue invoices of a customer: one, and copies of its rows.

        :return: the ids of the receivable lines, in the order of the page
        """
        line = self.receivable(self.invoice(customer))
        self.env.flush_all()
        moves = self._copy_rows(
            "account_move",
            line.move_id.id,
            range(1, number),
            name="sequence_prefix || LPAD((sequence_number + value)::text, 5, '0')",
            sequence_number="sequence_number + value",
        )
        lines = self._copy_rows("account_move_line", line.id, moves, move_id="value")
        self.env.invalidate_all()
        return [line.id, *lines]

    def _copy_rows(self, table, source_id, values, **changed):
        """Copies of a row, one for each of ``values`` (SQL ``value``)."""
        self.cr.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        names = [name for (name,) in self.cr.fetchall() if name != "id"]
        columns = ", ".join(f'"{name}"' for name in names)
        copied = ", ".join(changed.get(name, f'"{name}"') for name in names)
        self.cr.execute(
            f"""INSERT INTO {table} ({columns})
                SELECT {copied}
                  FROM {table}, UNNEST(%s::int[]) AS value
                 WHERE id = %s
                 ORDER BY value
             RETURNING id""",
            [list(values), source_id],
        )
        return sorted(row[0] for row in self.cr.fetchall())
