from odoo.tests import HttpCase, new_test_user, tagged

from .test_channels import ChannelCommon


@tagged("post_install", "-at_install")
class TestToursChannels(ChannelCommon, HttpCase):
    def test_log_calls(self):
        """A collector logs a voicemail, then a promise from the same case."""
        self.use("phone", activity_summary="Call them")
        customer = self._create_customer(name="Tour debtor", phone="+1 202 555 0122")
        new_test_user(
            self.env,
            "tour_caller",
            groups="dunning_automation.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.invoice(customer, days_overdue=9)
        self.run_on()
        notice = self.notices(customer)
        notice.sudo()._set_state("claimed")
        notice.sudo()._set_state("sent", date_sent=self.moment)
        notice.sudo()._create_call_task()
        self.start_tour("/odoo/dunning-worklist", "dunning_call", login="tour_caller")
        notice.invalidate_recordset()
        self.assertFalse(notice.task_id.active)
        call = notice.case_id.call_ids
        self.assertEqual((call.outcome, call.note), ("voicemail", "Left a message"))
        promise = "dunning_automation.dunning_promise_new_action"
        if self.env.ref(promise, raise_if_not_found=False):
            self.start_tour(
                "/odoo/dunning-worklist", "dunning_call_promised", login="tour_caller"
            )
            notice.case_id.invalidate_recordset()
            self.assertEqual(notice.case_id.call_ids[0].outcome, "promised")
