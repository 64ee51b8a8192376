from odoo.tests import HttpCase, new_test_user, tagged

from .letter_common import LetterCommon


@tagged("post_install", "-at_install")
class TestToursLetter(LetterCommon, HttpCase):
    def test_print_and_post(self):
        """A collector prints a pile, of which one was paid meanwhile, and posts it."""
        customers = [self.reachable(name=f"Letter {number}") for number in (1, 2, 3)]
        invoices = self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        new_test_user(
            self.env,
            "tour_desk",
            groups="dunning_automation.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.only_the_claim_looks()
        self.pay(invoices[1])
        self.start_tour("/odoo/dunning-letters", "dunning_letter", login="tour_desk")
        letters = [self.notices(customer) for customer in customers]
        for letter, state in zip(letters, ("sent", "suppressed", "sent"), strict=True):
            letter.invalidate_recordset()
            self.assertEqual(letter.state, state)
        self.assertTrue(letters[0].letter_pdf)
