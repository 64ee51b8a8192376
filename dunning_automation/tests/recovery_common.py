from datetime import timedelta

from odoo import Command

from .common import DunningCommon


class RecoveryCommon(DunningCommon):
    """Stored cards that could not be charged. Needs ``provider`` and ``method``."""

    @classmethod
    def stored(cls, partner, **values):
        """A stored card of ``partner``."""
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.method.id,
                    "partner_id": partner.id,
                    "payment_details": "4242",
                    "provider_ref": "reference",
                    **values,
                }
            )
        )

    def transaction(self, move, token, **values):
        """A charge of ``move`` without the customer."""
        return (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": token.provider_id.id,
                    "payment_method_id": token.payment_method_id.id,
                    "token_id": token.id,
                    "operation": "offline",
                    "amount": move.amount_residual,
                    "currency_id": move.currency_id.id,
                    "partner_id": token.partner_id.id,
                    "invoice_ids": [Command.set(move.ids)],
                    "reference": f"{move.name}-{next(self._numbers)}",
                    **values,
                }
            )
        )

    def failed(self, move, decline_class, **values):
        """``move`` could not be charged yesterday; a soft decline is tried again."""
        values.setdefault("failed_at", self.moment - timedelta(days=1))
        recovery = (
            self.env["dunning.recovery"]
            .sudo()
            .create(
                {
                    "move_id": move.id,
                    "partner_id": move.commercial_partner_id.id,
                    "company_id": move.company_id.id,
                    **values,
                }
            )
        )
        self.decline(recovery, decline_class)
        recovery._keep_hold()
        self.env.flush_all()
        return recovery

    def decline(self, recovery, decline_class):
        is_soft = decline_class == "soft"
        recovery.sudo().write(
            {
                "decline_class": decline_class,
                "state": "open" if is_soft else "customer",
                "next_retry_at": is_soft and self.moment + timedelta(days=2),
            }
        )
        self.env.flush_all()

    def tried(self, recovery, moment, **values):
        """One of our tries, which failed then."""
        tx = self.transaction(recovery.move_id, self.stored(recovery.partner_id))
        return (
            self.env["dunning.recovery.attempt"]
            .sudo()
            .create(
                {
                    "recovery_id": recovery.id,
                    "transaction_id": tx.id,
                    "number": 1,
                    "state": "failed",
                    "started_at": moment,
                    "finished_at": moment,
                    **values,
                }
            )
        )

    def schedule(self):
        return self.env["dunning.retry.schedule"]._get_default(self.company)

    def recovery(self, move):
        return self.env["dunning.recovery"].sudo().search([("move_id", "=", move.id)])
