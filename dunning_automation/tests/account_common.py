from odoo.tests import HttpCase

from .test_channels import ChannelCommon

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
"""Of a person; those of programs do not count as visits."""


class AccountCommon(ChannelCommon, HttpCase):
    """Two customers with a reminder each, and the people who look at their accounts."""

    def setUp(self):
        super().setUp()
        self.other = self._create_customer(name="CANARY Ltd")
        self.notice, self.overdue = self.planned()
        self.foreign_notice, self.foreign = self.planned(partner=self.other)
        self.foreign.ref = "CANARY reference"
        self.send(self.notice | self.foreign_notice)
        self.link = f"/dunning/account/{self.notice._get_account_token()}"
        self.env.flush_all()

    def page(self, login, path, **values):
        """What ``login`` (None = nobody) gets."""
        self.authenticate(login, login)
        return self.url_open(path, allow_redirects=False, **values)
