from odoo import api, models

SIDES = {"ltr": ("left", "right"), "rtl": ("right", "left")}


class ResLang(models.Model):
    _inherit = "res.lang"

    @api.model
    def _get_sides(self, code):
        """How a text in this language runs. Styles in a mail or in print have to name
        the sides themselves: only the style sheets of pages are mirrored by Odoo.

        :return: dict with ``dir`` (``ltr`` or ``rtl``), ``start`` and ``end`` (``left``
            or ``right``)
        """
        direction = self._get_data(code=code).direction or "ltr"
        start, end = SIDES[direction]
        return {"dir": direction, "start": start, "end": end}
