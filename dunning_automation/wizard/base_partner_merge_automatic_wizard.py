from odoo import models

from ..fields import get_unchecked_columns


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _get_fk_on(self, table):
        return super()._get_fk_on(table) + get_unchecked_columns(self.env, table)

    def _update_foreign_keys(self, src_partners, dst_partner):
        self.env["dunning.case"].sudo()._merge_debtors(src_partners, dst_partner)
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
