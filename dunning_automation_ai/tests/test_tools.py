from odoo.tests import BaseCase

from odoo.addons.dunning_automation.tests.examples import check_examples

from .. import tools


class TestTools(BaseCase):
    def test_examples(self):
        check_examples(self, tools)
