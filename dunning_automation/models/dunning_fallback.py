from odoo import fields, models

COPIED_FIELDS = (
    "case_id",
    "company_id",
    "debtor_key",
    "group_key",
    "lang",
    "level_id",
    "partner_id",
    "policy_id",
    "run_id",
)
COPIED_LINE_FIELDS = (
    "company_id",
    "currency_id",
    "cycle",
    "date_due",
    "days_overdue",
    "is_step",
    "level_id",
    "move_id",
    "move_line_id",
    "name",
    "residual",
    "residual_currency",
)


def copied(record, names):
    """The values of ``record`` in those of the fields ``names`` that it has."""
    names = [name for name in names if name in record._fields]
    [values] = record.read(names, load=None)
    return {name: values[name] for name in names}


class DunningFallback(models.AbstractModel):
    """What happens when a notice certainly did not reach anybody: the next channel of
    its action's fallback chain says the same.

    The planner chooses a fallback where it knows that an address is missing; this is
    for what shows later: a message that came back, an address that was refused, a task
    that nobody did.
    """

    _name = "dunning.fallback"
    _description = "Dunning Fallback"

    fallback_notice_id = fields.Many2one(
        "dunning.notice",
        "Taken Over By",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What is said on another channel because this did not reach the "
        "customer. It does not wait for a person then.",
    )

    def _bounce(self, reason, address_is_wrong=True):
        """The message certainly did not arrive: remember the address as a bad one, so
        that the next message does not take it, and try another channel."""
        self.ensure_one()
        if address_is_wrong:
            self.env["res.partner"]._dunning_mark_bounced(self.email_to)
        self._fall_back(reason)

    def _fall_back(self, reason):
        """Plan what this notice says on the next channel that reaches the customer.

        Never twice: a notice has one successor, and the unique keys of steps and days
        refuse what was said there already.

        :param str reason: why this one did not reach the customer, for people
        :return: the new notice, empty if there is none
        """
        self.ensure_one()
        action, planned = self.action_id.fallback_id, self.browse()
        while action and not planned and not self.fallback_notice_id:
            planned = self._plan_on(action)
            action = action.fallback_id
        if planned:
            self._hand_over_to(planned, reason)
        return planned

    def _plan_on(self, action):
        """A notice with the open steps of this one on the channel of ``action``.

        :return: empty if it would not reach the customer, or have nothing to say
        """
        outdated, told = self._sort_out_steps(action.channel)
        lines = self._get_lines() - outdated
        if not lines.filtered("is_step") - told or self._has_spoken(action):
            return self.browse()
        recipient, address = self._get_recipient_on(action.channel)
        planned = self.sudo().create(
            {
                **copied(self, COPIED_FIELDS),
                "action_id": action.id,
                "channel": action.channel,
                "date": self.company_id._dunning_today(),
                "dedup_key": f"{self.dedup_key}:{self.id}:{action.id}",
                "email_to": address,
                "recipient_id": recipient.id,
                "state": "ready" if self._leaves_by_itself() else "planned",
            }
        )
        self.env["dunning.notice.line"].sudo().create(
            [
                {
                    **copied(line, COPIED_LINE_FIELDS),
                    "notice_id": planned.id,
                    "channel": action.channel,
                    "is_step": line.is_step and line not in told,
                    "live": True,
                }
                for line in lines
            ]
        )
        row = self.env["dunning.ledger"]._review(planned)[planned.id]
        if row["stop"]:
            planned.unlink()
            return self.browse()
        planned._tell(
            "notice_planned", level_id=planned.level_id.id, state=planned.state
        )
        planned._apply_review(row)
        return planned

    def _get_recipient_on(self, channel):
        """Who hears it on ``channel``, and at which e-mail address: the recipient of
        this notice, unless the channel has a method of its own."""
        partner = self.partner_id
        recipient = self.recipient_id or partner.dunning_contact_id or partner
        choose = getattr(self, f"_choose_recipient_{channel}", None)
        return choose(recipient) if choose else (recipient, recipient.email_normalized)

    def _hand_over_to(self, planned, reason):
        """From here on ``planned`` stands for this notice."""
        self.fallback_notice_id = planned
        self._tell(
            "fallback_used", reason, fallback_id=planned.id, to_channel=planned.channel
        )
        if planned.state == "ready":
            planned._trigger_delivery()

    def _sort_out_steps(self, channel):
        """Steps of this notice that shall not be taken on ``channel``.

        :return: ``(outdated, told)``: those whose invoice was reminded at a later level
            meanwhile, and those that were taken at their level on the channel already
        """
        steps = self.line_ids.filtered("is_step")
        taken = self.env["dunning.notice.line"].search(
            [
                ("move_line_id", "in", steps.move_line_id.ids),
                ("is_step", "=", True),
                ("live", "=", True),
            ]
        )
        delays, told = {}, set()
        for line in taken:
            key = (line.move_line_id, line.cycle)
            delays.setdefault(key, []).append(line.level_id.delay_days)
            if line.channel == channel:
                told.add((*key, line.level_id))
        return (
            steps.filtered(
                lambda step: (
                    max(
                        delays.get((step.move_line_id, step.cycle), ()),
                        default=step.level_id.delay_days,
                    )
                    > step.level_id.delay_days
                )
            ),
            steps.filtered(
                lambda step: (step.move_line_id, step.cycle, step.level_id) in told
            ),
        )

    def _has_spoken(self, action):
        """Whether the customer hears something else on this channel today."""
        today = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("debtor_key", "=", self.debtor_key),
                ("channel", "=", action.channel),
                ("date", "=", self.company_id._dunning_today()),
                ("simulation", "=", False),
                ("state", "!=", "suppressed"),
            ]
        )
        return self.group_key in today.mapped("group_key")

    def _release_predecessors(self):
        """These notices are held back: what they stood for waits for a person again."""
        self.search([("fallback_notice_id", "in", self.ids)]).fallback_notice_id = False
