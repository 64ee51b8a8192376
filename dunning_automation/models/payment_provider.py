from odoo import models


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _is_tokenization_required(self, **kwargs):
        """Who changes his payment method stores the new one, without being asked."""
        changes = self.env.context.get("dunning_stores_method")
        return bool(changes) or super()._is_tokenization_required(**kwargs)
