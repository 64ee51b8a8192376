import doctest

from odoo.tests import BaseCase, tagged

from ..tools import snailmail_outcome


@tagged("post_install", "-at_install")
class TestSnailmailOutcome(BaseCase):
    def test_examples(self):
        """The examples in the docstrings are right."""
        self.assertFalse(doctest.testmod(snailmail_outcome).failed)
