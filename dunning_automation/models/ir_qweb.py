from lxml import etree

from odoo import models


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _generate_code_uncached(self, template):
        """Compile an inline template once for all records of a batch.

        Odoo keeps the code of views, but compiles the body of a ``mail.template`` again
        for each record, which takes longer than to fill it in. Who renders a batch puts
        an empty dict into the context, ``dunning_compiled``; what Odoo's compiler makes
        of a text stays there. Its checks are part of compiling and of the key, so that
        nothing is allowed to one who may not write it.
        """
        compiled = self.env.context.get("dunning_compiled")
        if compiled is None or not isinstance(template, etree._Element):
            return super()._generate_code_uncached(template)
        modes = (self.env.context.get(key) for key in self._get_template_cache_keys())
        key = (etree.tostring(template), *modes)  # Compiling changes the template.
        if key not in compiled:
            compiled[key] = super()._generate_code_uncached(template)
        return compiled[key]
