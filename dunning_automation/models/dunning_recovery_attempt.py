from odoo import fields, models

from ..tools import declines


class DunningRecoveryAttempt(models.Model):
    """One charge of a recovery. Its row and the transaction are on disk before the
    provider is asked; its number makes the reference, so that the same try is never
    made twice."""

    _name = "dunning.recovery.attempt"
    _description = "Try to Recover a Payment"
    _order = "recovery_id, number"
    _rec_name = "reference"

    recovery_id = fields.Many2one(
        "dunning.recovery", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="recovery_id.company_id", store=True)
    number = fields.Integer(required=True, readonly=True)
    reference = fields.Char(related="transaction_id.reference")
    transaction_id = fields.Many2one(
        "payment.transaction",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    channel = fields.Selection(
        [("retry", "Our Try"), ("page", "New Payment Method")],
        required=True,
        readonly=True,
        default="retry",
    )
    state = fields.Selection(
        [
            ("charging", "Being Charged"),
            ("pending", "On Its Way"),
            ("done", "Paid"),
            ("failed", "Refused"),
            ("unknown", "Unknown"),
        ],
        required=True,
        readonly=True,
        default="charging",
    )
    decline_class = fields.Selection(
        lambda self: (
            self.env["dunning.decline.reason"]._fields["decline_class"].selection
        ),
        "Refusal",
        readonly=True,
    )
    message = fields.Char(readonly=True)
    started_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: self.env.cr.now()
    )
    finished_at = fields.Datetime(readonly=True)
    lease_until = fields.Datetime(
        readonly=True, help="A charge that nobody has finished by then is unknown."
    )

    _number_uniq = models.Constraint(
        "UNIQUE(recovery_id, number)", "This try was made already."
    )
    _transaction_uniq = models.Constraint(
        "UNIQUE(transaction_id)", "This transaction belongs to another try."
    )
    _lease_idx = models.Index("(lease_until) WHERE state = 'charging'")

    def _finish(self, state, **values):
        self.write(
            {
                "state": state,
                "finished_at": self.env.cr.now(),
                "lease_until": False,
                **values,
            }
        )

    # === WHAT THE PROVIDER SAYS, AT ONCE OR LATER === #

    def _hear_success(self, tx):
        """The money was taken."""
        self._finish("done")
        recovery = self.recovery_id
        if recovery.state != "recovered":
            recovery._recover("retry", tx.amount)

    def _hear_pending(self):
        """It is on its way, for days at some banks."""
        self._finish("pending", finished_at=False)

    def _hear_refusal(self, tx, decline_class, reason):
        """It was refused, at once, or after it had been on its way."""
        if self.state == "failed":
            return
        self._finish("failed", decline_class=decline_class, message=tx.state_message)
        self.recovery_id._hear_refusal(decline_class, reason, tx.state_message)

    def _hear_undecided(self, tx):
        """The provider answered, and the transaction is where it was: the customer
        must confirm it, or nobody knows."""
        if tx.dunning_decline_code == declines.MUST_CONFIRM:
            # Not cancelled: he may still confirm it, and Odoo must hear that.
            tx._set_error(self.env._("The bank asks the customer to confirm."))
        else:
            tx.dunning_is_unknown = True
            self._hear_nothing()

    def _hear_nothing(self):
        """Nobody knows; it is never charged again by itself. Somebody must look, also
        if the invoice was paid in another way meanwhile."""
        self._finish("unknown", finished_at=False)
        if self.recovery_id.state == "charging":
            self.recovery_id._set_state("unknown")
        self.recovery_id._ask_person()
