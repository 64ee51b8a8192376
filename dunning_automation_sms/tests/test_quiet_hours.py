from datetime import datetime, time

from odoo import Command
from odoo.tests import tagged

from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestQuietHours(SmsCommon):
    """Nobody's telephone rings at night, wherever he took it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usa = cls.env.ref("base.us")
        cls.company.dunning_sms_country_ids = cls.austria | cls.usa
        cls.policy.courtesy_id = cls.env["dunning.courtesy"].create(
            {
                "name": "Decent hours",
                "window_ids": [Command.create({"hour_start": 8, "hour_end": 21})],
            }
        )

    def leaves_at(self, **values):
        """UTC time at which a message leaves that was planned at 07:30 UTC."""
        customer = self.reachable(**values)
        self.moment = datetime.combine(self.today, time(7, 30))
        self.invoice(customer)
        self.run_on()
        message = self.notices(customer)
        self.assertEqual(message.channel, "sms")
        return f"{message.not_before or self.moment:%H:%M}"

    def test_by_number_and_address(self):
        for leaves, values in (
            ("07:30", {"phone": "0664 1234567"}),
            # Austria by address, New York by number: from eight there, day in both.
            ("12:00", {"phone": "+1 212 555 1234"}),
            # The number says which of the country's zones it is.
            ("12:00", {"phone": "+1 212 555 1235", "country_id": self.usa.id}),
            # The two disagree: day in Vienna and in all of the United States.
            ("18:00", {"phone": "+43 664 1234568", "country_id": self.usa.id}),
            # A person knows better.
            ("07:30", {"phone": "+1 212 555 1236", "dunning_tz": "Europe/Vienna"}),
        ):
            with self.subTest(**values):
                self.assertEqual(self.leaves_at(**values), leaves)

    def test_what_leaves_is_looked_at_again(self):
        """The number changed after planning."""
        message = self.messages()
        self.moment = datetime.combine(self.today, time(7, 30))
        message.recipient_id.phone = "+1 212 555 1234"
        self.env.flush_all()
        self.text()
        self.assertEqual((message.state, self.asked), ("ready", []))
        self.assertEqual(message.wait_reason, "quiet_hours")
