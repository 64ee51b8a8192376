from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestReplies(DunningCommon):
    pass
