from odoo import fields, models

HOLDS = [
    ("customer", "Customer Number"),
    ("customer_name", "Customer Name"),
    ("email", "Customer E-mail"),
    ("number", "Invoice Number"),
    ("invoice_date", "Invoice Date"),
    ("due_date", "Due Date"),
    ("amount", "Amount"),
    ("currency", "Currency"),
    ("paid_date", "Date of Payment"),
    ("paid_amount", "Paid Amount"),
]


class DunningImportColumn(models.Model):
    """A column of a file, and what it holds."""

    _name = "dunning.import.column"
    _description = "Column of an Imported File"
    _order = "position"

    import_id = fields.Many2one(
        "dunning.import", required=True, index=True, ondelete="cascade"
    )
    position = fields.Integer(readonly=True)
    name = fields.Char("Column", readonly=True)
    example = fields.Char(readonly=True)
    holds = fields.Selection(
        HOLDS,
        help="Empty: the column is left out. Paid amount: what was paid up to the date "
        "of payment; without it, a date of payment means that all was paid.",
    )

    _holds_uniq = models.Constraint(
        "UNIQUE(import_id, holds)", "Two columns cannot hold the same: choose one."
    )
