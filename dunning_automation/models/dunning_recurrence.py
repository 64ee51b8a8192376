from odoo import api, models
from odoo.tools import SQL

PERIODIC = ("monthly", "quarterly", "yearly")
"""Values of ``auto_post`` with which an invoice repeats itself."""


class DunningRecurrence(models.AbstractModel):
    """Invoices that repeat themselves (Odoo's *Auto-post*) rest while one before them
    could not be charged.

    Odoo keeps the next invoice as a draft. Resting, that draft is not posted by itself;
    what it was set to is remembered on it, and set again when the debt is paid. Then it
    is posted with the date that it has, and those that were missed follow.
    """

    _name = "dunning.recurrence"
    _description = "Recurrence That Rests"

    @api.model
    def _search_next(self, move):
        """The drafts with which the recurrence of ``move`` goes on."""
        origin = move.auto_post_origin_id
        return self.env["account.move"].search(
            [
                ("auto_post_origin_id", "in", origin.ids),
                ("state", "=", "draft"),
                ("auto_post", "in", PERIODIC),
            ]
        )

    @api.model
    def _pause(self, move):
        """Let the recurrence of ``move`` rest until the debt is paid.

        :return: the drafts that rest now, empty if it does not repeat itself
        """
        drafts = self._search_next(move)
        for draft in drafts:
            draft.write(
                {
                    "dunning_paused_auto_post": draft.auto_post,
                    "dunning_paused_until": draft.auto_post_until,
                    "dunning_paused_for_id": move.id,
                    "auto_post": "no",
                }
            )
            draft.message_post(
                body=self.env._(
                    "The recurrence rests: %s could not be charged and is still open. "
                    "It goes on by itself after payment.",
                    move.name,
                )
            )
        return drafts

    @api.model
    def _search_paid(self):
        """Drafts that rest although nothing of their recurrence is left that could not
        be charged; one query."""
        self.env["account.move"].flush_model()
        self.env["dunning.recovery"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT draft.id
                     FROM account_move draft
                    WHERE draft.dunning_paused_for_id IS NOT NULL
                      AND draft.state = 'draft'
                      AND NOT EXISTS (
                          SELECT 1
                            FROM account_move failed
                            JOIN dunning_recovery recovery
                              ON recovery.move_id = failed.id
                           WHERE failed.auto_post_origin_id = draft.auto_post_origin_id
                             AND failed.state = 'posted'
                             AND failed.payment_state IN ('not_paid', 'partial')
                             AND recovery.state NOT IN ('recovered'))
                    ORDER BY draft.id"""
            )
        )
        return self.env["account.move"].browse(row[0] for row in rows)
