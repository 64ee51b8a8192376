from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key.

    PostgreSQL checks each foreign key of each inserted row by a query of its own; on
    tables that get a row per open invoice these checks cost more than the rows. Only
    for targets that cannot go away while the row is there, because something else
    checked holds them, or whose ``unlink`` takes care of the rows.
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column without a constraint."""
