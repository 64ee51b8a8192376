from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_amount, format_date

UNCONFIRMED = ("draft", "sent")
ACCOUNTANTS = "account.group_account_invoice,account.group_account_readonly"


class SaleOrder(models.Model):
    """Orders of customers with a credit hold are warned about, or cannot be confirmed.

    Salespeople have no rights in accounting: what they see here is that something is
    overdue and who decides, not how much.
    """

    _inherit = "sale.order"

    dunning_credit_hold = fields.Selection(
        [("none", "None"), ("warn", "Warning"), ("block", "Blocked")],
        "Credit Hold",
        compute="_compute_dunning_credit_hold",
        compute_sudo=True,
        groups="base.group_user",
        help="Blocked: finance has to release the order before it can be confirmed.",
    )
    dunning_credit_text = fields.Char(
        compute="_compute_dunning_credit_text", groups="base.group_user"
    )
    dunning_released_amount = fields.Monetary(
        "Released by Finance",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Up to this total the order may be confirmed despite the credit hold.",
    )

    @api.depends(
        "amount_total",
        "company_id",
        "dunning_released_amount",
        "partner_id.commercial_partner_id.dunning_credit_hold",
        "state",
    )
    def _compute_dunning_credit_hold(self):
        for order in self:
            hold = "none"
            if order.state in UNCONFIRMED and order.partner_id:
                hold = order.partner_id._dunning_get_credit_hold(order.company_id)
            if hold == "block" and order._dunning_is_released():
                hold = "warn"
            order.dunning_credit_hold = hold

    def _dunning_is_released(self):
        """Whether finance released the order, and it has not become larger since."""
        self.ensure_one()
        released = self.dunning_released_amount
        return bool(released) and (
            self.currency_id.compare_amounts(self.amount_total, released) <= 0
        )

    @api.depends("dunning_credit_hold")
    @api.depends_context("lang", "uid")
    def _compute_dunning_credit_text(self):
        for order in self:
            order.dunning_credit_text = (
                order.dunning_credit_hold != "none" and order._dunning_get_credit_text()
            )

    def _dunning_get_credit_text(self):
        """What the banner says to this user."""
        self.ensure_one()
        overdue, since = self._dunning_get_overdue()
        sentences = [self.env._("This customer has a credit hold.")]
        if overdue and any(map(self.env.user.has_group, ACCOUNTANTS.split(","))):
            sentences.append(
                self.env._(
                    "%(amount)s are overdue, the oldest since %(date)s.",
                    amount=format_amount(
                        self.env, overdue, self.company_id.currency_id
                    ),
                    date=format_date(self.env, since),
                )
            )
        elif overdue:
            sentences.append(self.env._("Invoices are overdue."))
        if self.dunning_credit_hold == "block":
            sentences.append(
                self.env._(
                    "The order can be confirmed when finance has released it: ask a "
                    "collections manager."
                )
            )
        elif self._dunning_is_released():
            sentences.append(self.env._("Finance released this order."))
        else:
            sentences.append(self.env._("Talk to finance before you confirm."))
        return " ".join(sentences)

    def _dunning_get_overdue(self):
        """What is overdue in company currency, and since when."""
        debtor_sudo = self.sudo().partner_id.commercial_partner_id
        case_sudo = debtor_sudo.with_company(self.company_id).dunning_case_id
        if case_sudo.state != "open":
            return 0.0, None
        return case_sudo.overdue_amount, case_sudo.oldest_due_date

    # === CONFIRMING === #

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or (
            self.dunning_credit_hold == "block" and self._dunning_get_refusal()
        )

    def _dunning_get_refusal(self):
        """Why this order cannot be confirmed."""
        return self.env._(
            "%(order)s cannot be confirmed: %(customer)s has a credit hold. Ask a "
            "collections manager to release the order.",
            order=self.sudo().name,
            customer=self.sudo().partner_id.commercial_partner_id.name,
        )

    @api.constrains("state")
    def _check_dunning_credit_hold(self):
        """Neither an import nor another addon gets round the block."""
        for order in self.filtered(lambda order: order.state == "sale"):
            hold = order.partner_id._dunning_get_credit_hold(order.company_id)
            if hold == "block" and not order.sudo()._dunning_is_released():
                raise ValidationError(order._dunning_get_refusal())

    def _validate_order(self):
        """What customers confirm by themselves, signing on the portal or in the shop,
        waits for finance; they are not turned away."""
        held = self.filtered(lambda order: order.dunning_credit_hold == "block")
        held._dunning_wait_for_finance()
        return super(SaleOrder, self - held)._validate_order()

    def _dunning_wait_for_finance(self):
        """A task for the salesperson of each order: the customer wants it."""
        for order_sudo in self.sudo():
            summary = self.env._("Accepted by the customer, blocked by a credit hold")
            if summary in order_sudo.activity_ids.mapped("summary"):
                continue
            order_sudo.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=self.env._(
                    "Ask a collections manager to release the order, then confirm it."
                ),
                user_id=order_sudo._dunning_get_salesperson().id,
            )
        if self:
            self.sudo()._dunning_mark_sent()

    def _dunning_mark_sent(self):
        """The customer has seen it: a quotation, no draft."""
        drafts = self.filtered(lambda order: order.state == "draft")
        drafts.with_context(tracking_disable=True).action_quotation_sent()

    def _dunning_get_salesperson(self):
        """Who looks after this order; never nobody."""
        self.ensure_one()
        users = (
            self.user_id
            | self.team_id.user_id
            | self.company_id._dunning_get_managers()
        )
        return users.filtered("active")[:1]

    # === RELEASING === #

    def action_dunning_release(self):
        """Ask why the order may be confirmed despite the credit hold."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation_sale.dunning_sale_release_action"
        )
        return action | {"context": {"default_order_id": self.id}}

    def _dunning_release(self, reason):
        """A collections manager takes the responsibility for this order."""
        self.ensure_one()
        self.dunning_released_amount = self.amount_total
        self.message_post(
            body=self.env._("Released despite the credit hold: %s", reason),
            subtype_xmlid="mail.mt_note",
        )
        debtor = self.partner_id.commercial_partner_id
        case = debtor.with_company(self.company_id).dunning_case_id
        self.env["dunning.event"].create(
            {
                "company_id": self.company_id.id,
                "partner_id": debtor.id,
                "case_id": case.id,
                "kind": "credit_hold_overridden",
                "note": reason,
                "payload": {"sale_order_id": self.id, "amount": self.amount_total},
            }
        )
