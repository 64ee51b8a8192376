from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..tools import time_zones

FINISHED = ("done", "held", "discarded")
STOP_FIELDS = {
    "dunning_stopped",
    "dunning_stopped_at",
    "dunning_stopped_by_id",
    "dunning_stopped_reason",
}
READERS = "account.group_account_invoice,account.group_account_readonly"


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_tz = fields.Selection(
        _tz_get,
        "Dunning Time Zone",
        help="Decides what “today” is: overdue is counted in this time zone.",
    )
    dunning_hour = fields.Integer(
        default=7, help="The daily run starts in or after this hour, local time."
    )
    dunning_pending_days = fields.Integer(
        default=14,
        help="An online payment that stays pending holds reminders back for at most "
        "this many days.",
    )
    dunning_bank_max_age_days = fields.Integer(
        "Bank Data Not Older Than",
        help="The automatic run waits while the newest transaction of a bank journal "
        "is older than this many days. A manager can still start it by hand. 0 = not "
        "looked at.",
    )
    dunning_bank_journal_ids = fields.Many2many(
        "account.journal",
        "dunning_bank_journal_rel",
        string="Watched Bank Journals",
        domain="[('type', '=', 'bank')]",
        help="The journals that are looked at. Empty = all with a transaction in the "
        "last 90 days.",
    )
    dunning_hold_possible_payments = fields.Boolean(
        "Hold Possible Payments",
        default=True,
        help="An incoming bank transaction of the last 60 days that is not matched yet "
        "and fits an open invoice by its reference, or by customer and amount, holds "
        "the invoice's reminders until somebody has looked.",
    )
    dunning_weekly_report = fields.Boolean(
        "Weekly Collections Report",
        help="Each Monday the collections managers get the figures of the dashboard as "
        "a PDF by e-mail.",
    )
    dunning_weekly_report_date = fields.Date(readonly=True, copy=False)
    dunning_blast_factor = fields.Float(
        "Blast Limit",
        default=3.0,
        digits=(6, 1),
        help="A run that would send more than this many times the messages of a usual "
        "day waits for a manager. The usual day is the median of the last 30 days; "
        "fewer than 20 messages never wait. 0 = not compared.",
    )
    dunning_daily_limit = fields.Integer(
        default=1000,
        help="A run that would bring the messages of a day above this number waits for "
        "a manager. 0 = no limit.",
    )
    dunning_reply_pause = fields.Boolean(
        "Pause on Answers",
        default=True,
        help="When a customer answers, his next automatic step waits until somebody "
        "has read the answer.",
    )
    dunning_reply_pause_days = fields.Integer(
        "Pause on Answers (days)",
        default=5,
        help="If nobody reads it, reminders go on after this many days. So long they "
        "also wait for the bank when a customer says that he has paid.",
    )
    dunning_link_days = fields.Integer(
        "Account Links Valid For",
        default=60,
        help="So many days a link in a message opens the customer's account without a "
        "login. 0 = messages contain no such link, and those sent open nothing.",
    )
    dunning_expiry_days = fields.Integer(
        "Card Expiry Notice",
        default=21,
        help="So many days before a stored card expires the customer is asked for the "
        "new one, where the payment provider tells the day. 0 = never.",
    )
    dunning_track_opening = fields.Boolean(
        "See Whether Messages Are Opened",
        help="E-mails contain a picture of one pixel that tells when they are "
        "displayed. In many countries the customer must have agreed to that. Links to "
        "the account tell it anyway when they are followed.",
    )
    dunning_upload_mb = fields.Integer(
        "Files of Customers up to",
        default=8,
        help="Customers may send files (PDF, PNG, JPEG) of so many megabytes each on "
        "their account page. 0 = no files.",
    )
    dunning_promise_tolerance_days = fields.Integer(
        "Days of Tolerance",
        default=2,
        help="So many days after its date a promise or an instalment still counts as "
        "kept, because banks take their time.",
    )
    dunning_plan_approval_amount = fields.Monetary(
        "Plans Above",
        default=5000.0,
        help="A collections manager must approve payment plans above this amount; "
        "0 = every plan.",
    )
    dunning_plan_broken_after = fields.Integer(
        "Missed Instalments",
        default=1,
        help="A payment plan is broken after so many instalments were missed.",
    )
    dunning_charge_booking = fields.Selection(
        [
            ("none", "Show them only"),
            ("draft", "Make a draft invoice"),
            ("posted", "Make and post an invoice"),
        ],
        "Booking of Charges",
        required=True,
        default="none",
        help="What becomes of interest, lump sums and fees after a message that claims "
        "them has left.\n"
        "Show them only: each message shows the interest since the due date, so the "
        "last message says what is owed.\n"
        "Draft or posted: an invoice per message and currency. No day is invoiced "
        "twice: the next message claims the days after the last invoice. The invoice "
        "is reminded like any other, but bears no interest and no lump sum itself. "
        "Cancelling or deleting it gives its days free again; a credit note does not.",
    )
    dunning_charge_journal_id = fields.Many2one(
        "account.journal",
        "Journal of Charges",
        check_company=True,
        domain="[('type', '=', 'sale'), ('company_id', '=', id)]",
        groups=READERS,
        help="Empty = the first sales journal.",
    )
    dunning_interest_product_id = fields.Many2one(
        "product.product",
        "Product of Late Interest",
        check_company=True,
        groups=READERS,
        help="Gives account and taxes, by the fiscal position of the customer. A tax "
        "is contained in the amount: the customer owes what the message says.",
    )
    dunning_lump_sum_product_id = fields.Many2one(
        "product.product",
        "Product of Lump Sums",
        check_company=True,
        groups=READERS,
        help="See the product of late interest.",
    )
    dunning_fee_product_id = fields.Many2one(
        "product.product",
        "Product of Reminder Fees",
        check_company=True,
        groups=READERS,
        help="See the product of late interest.",
    )
    dunning_stopped = fields.Boolean(
        "Reminders Stopped",
        readonly=True,
        copy=False,
        groups=READERS,
        help="Nothing leaves for this company. Planning goes on.",
    )
    dunning_stopped_by_id = fields.Many2one(
        "res.users", "Stopped By", readonly=True, copy=False, groups=READERS
    )
    dunning_stopped_at = fields.Datetime(
        "Stopped On", readonly=True, copy=False, groups=READERS
    )
    dunning_stopped_reason = fields.Char(
        "Why Stopped", readonly=True, copy=False, groups=READERS
    )

    _dunning_hour_range = models.Constraint(
        "CHECK(dunning_hour BETWEEN 0 AND 23)",
        "The hour of the daily run is a number from 0 to 23.",
    )
    _dunning_pending_days_not_negative = models.Constraint(
        "CHECK(dunning_pending_days >= 0)",
        "The days that a pending payment holds reminders back cannot be negative.",
    )
    _dunning_bank_max_age_days_not_negative = models.Constraint(
        "CHECK(dunning_bank_max_age_days >= 0)",
        "The greatest age of bank data cannot be negative; 0 switches the check off.",
    )
    _dunning_limits_not_negative = models.Constraint(
        "CHECK(dunning_blast_factor >= 0 AND dunning_daily_limit >= 0)",
        "The limits of a day's messages cannot be negative; 0 switches them off.",
    )

    _dunning_reply_pause_days_not_negative = models.Constraint(
        "CHECK(dunning_reply_pause_days >= 0)",
        "The days that an answer holds reminders back cannot be negative.",
    )
    _dunning_link_days_not_negative = models.Constraint(
        "CHECK(dunning_link_days >= 0)",
        "The days that a link to the account is valid cannot be negative.",
    )
    _dunning_expiry_days_not_negative = models.Constraint(
        "CHECK(dunning_expiry_days >= 0)",
        "The days before a card expires cannot be negative.",
    )
    _dunning_upload_mb_limits = models.Constraint(
        "CHECK(dunning_upload_mb BETWEEN 0 AND 20)",
        "Files of customers can have 1 to 20 megabytes; 0 = customers send no files.",
    )
    _dunning_promise_tolerance_days_not_negative = models.Constraint(
        "CHECK(dunning_promise_tolerance_days >= 0)",
        "The days of tolerance for promises cannot be negative.",
    )
    _dunning_plan_limits = models.Constraint(
        "CHECK(dunning_plan_approval_amount >= 0 AND dunning_plan_broken_after >= 1)",
        "The amount above which plans need an approval cannot be negative, and a plan "
        "is broken after one missed instalment at the earliest.",
    )

    @api.constrains("dunning_tz")
    def _check_dunning_tz(self):
        for company in self:
            if company.dunning_tz and not time_zones.is_zone(company.dunning_tz):
                raise ValidationError(
                    self.env._(
                        "There is no time zone “%s”: choose one like Europe/Paris.",
                        company.dunning_tz,
                    )
                )

    @api.constrains("dunning_bank_journal_ids")
    def _check_dunning_bank_journals(self):
        for company in self:
            strangers = company.dunning_bank_journal_ids.filtered(
                lambda journal, company=company: (
                    journal.type != "bank"
                    or journal.company_id not in company.parent_ids
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "%(journals)s: choose bank journals of %(company)s.",
                        journals=", ".join(strangers.mapped("display_name")),
                        company=company.name,
                    )
                )

    def _dunning_timezone(self):
        """Name of the zone that decides what today is for this company."""
        self.ensure_one()
        return (
            self.dunning_tz
            or self.sudo().partner_id.tz
            or self.sudo().resource_calendar_id.tz
            or "UTC"
        )

    def _dunning_today(self):
        """Today's date in the company's time zone, by the database's clock."""
        return self.env["dunning.run"]._local_date(self._dunning_timezone())

    def _dunning_is_run_due(self):
        """Whether the daily run of today is still to come and its hour has struck."""
        self.ensure_one()
        if not self.env["dunning.policy"]._search_applicable(self):
            return False
        now = self.env["dunning.run"]._local_time(self._dunning_timezone())
        return now.hour >= self.dunning_hour and not self.env[
            "dunning.run"
        ].search_count(
            [
                ("company_id", "=", self.id),
                ("date", "=", self._dunning_today()),
                ("simulation", "=", False),
                ("state", "in", FINISHED),
            ],
            limit=1,
        )

    def _dunning_get_managers(self):
        """Everybody who may decide on collections of this company now."""
        self.ensure_one()
        group = self.env.ref("dunning_automation.group_manager")
        domain = [
            ("all_group_ids", "in", group.ids),
            ("share", "=", False),
            ("company_ids", "in", self.ids),
        ]
        return self.env["res.users"].sudo().search(domain)

    def _dunning_get_responsible(self):
        """Who looks after what belongs to nobody else: the responsible of the first
        policy, else a manager; never somebody archived."""
        self.ensure_one()
        policies = self.env["dunning.policy"]._search_applicable(self)
        users = policies.user_id.filtered("active")
        return users[:1] or self._dunning_get_managers()[:1]

    def _dunning_get_charge_product(self, kind):
        """The product that books charges of ``kind`` (interest, lump_sum, fee).

        :raise UserError: when there is none
        """
        self.ensure_one()
        product = self.sudo()[f"dunning_{kind}_product_id"] or self.env.ref(
            f"dunning_automation.product_{kind}", raise_if_not_found=False
        )
        if not product:
            field = self._fields[f"dunning_{kind}_product_id"]
            raise UserError(
                self.env._(
                    "“%(field)s” of %(company)s is not set: choose it under Settings > "
                    "Invoicing > Collections.",
                    field=field._description_string(self.env),
                    company=self.name,
                )
            )
        return product

    # === STOP AND RESUME === #

    def write(self, vals):
        if not self.env.su and STOP_FIELDS & vals.keys():
            raise AccessError(
                self.env._("Reminders are stopped and resumed on the Health page.")
            )
        return super().write(vals)

    def action_dunning_stop(self, reason=None):
        """Nothing leaves for these companies from now on; every collections user may
        say so. At most the message that is on its way arrives."""
        self._dunning_check_group(
            "dunning_automation.group_user",
            self.env._("Only collections users stop reminders."),
        )
        companies_sudo = self.sudo()
        running_sudo = companies_sudo.filtered(lambda c: not c.dunning_stopped)
        running_sudo.write(
            {
                "dunning_stopped": True,
                "dunning_stopped_by_id": self.env.uid,
                "dunning_stopped_at": self.env.cr.now(),
                "dunning_stopped_reason": reason,
            }
        )
        running_sudo._dunning_tell("sending_stopped", reason)

    def action_dunning_resume(self):
        """Let out again what is ready; what lost its reason meanwhile is held back."""
        self._dunning_check_group(
            "dunning_automation.group_manager",
            self.env._("Only a collections manager resumes reminders."),
        )
        stopped_sudo = self.sudo().filtered("dunning_stopped")
        stopped_sudo.write(dict.fromkeys(STOP_FIELDS, False))
        stopped_sudo._dunning_tell("sending_resumed")
        self.env["dunning.sender"]._trigger()

    def _dunning_check_group(self, group, message):
        if not self.env.user.has_group(group) or self - self.env.user.company_ids:
            raise AccessError(message)

    def _dunning_tell(self, kind, note=None):
        """Append an event of ``kind`` for each of these companies."""
        self.env["dunning.event"].create(
            [{"company_id": company.id, "kind": kind, "note": note} for company in self]
        )

    # === POLICIES === #

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.sudo()._dunning_create_policies()
        return companies

    def _dunning_create_policies(self):
        """Give those that have no policy and no parent the standard one, in review."""
        for company in self.filtered(lambda company: not company.parent_id):
            if not self.env["dunning.policy"].search_count(
                [("company_id", "=", company.id)], limit=1
            ):
                self.env["dunning.policy"].with_company(company).create(
                    {"name": self.env._("Standard"), "company_id": company.id}
                )
