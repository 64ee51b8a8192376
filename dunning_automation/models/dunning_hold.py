from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

OWNED = ("promise", "dispute", "plan", "recovery")
KEPT_BY_SYSTEM = {"company_id", "date_start", "kind", "partner_id", "scope", "state"}


class DunningHold(models.Model):
    """A stop sign with a reason, an owner and an end.

    It stops either the lines that it names or everything that its customer owes, from
    the moment it is set to the end of ``date_end`` in the company's time zone. The
    sign reads that date itself (``dunning.policy._stop_conditions``), so it ends on the
    right day even when the nightly job, which only tells the timeline, is late.

    Promises, disputes and payment plans own the holds of their kind: these follow them.
    """

    _name = "dunning.hold"
    _description = "Dunning Hold"
    _order = "id desc"
    _check_company_auto = True

    kind = fields.Selection(
        [
            ("manual", "Manual"),
            ("dispute", "Dispute"),
            ("promise", "Promise"),
            ("plan", "Payment Plan"),
            ("legal", "Legal"),
            ("contact", "Contact"),
            ("recovery", "Failed Payment"),
        ],
        required=True,
        default="manual",
    )
    state = fields.Selection(
        [("active", "On Hold"), ("released", "Released"), ("expired", "Ended")],
        required=True,
        readonly=True,
        default="active",
        copy=False,
        help="Released: somebody ended it, or what it waited for has happened.\n"
        "Ended: its last day has passed.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="restrict"
    )
    case_id = fields.Many2one(
        "dunning.case", index="btree_not_null", ondelete="set null", check_company=True
    )
    scope = fields.Selection(
        [("customer", "Everything the customer owes"), ("lines", "These items only")],
        required=True,
        default="customer",
        help="Stored apart from the items: a hold whose last item disappears must not "
        "become one for everything.",
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "dunning_hold_line_rel",
        "hold_id",
        "line_id",
        string="Items",
        copy=False,
        check_company=True,
        domain="[('company_id', '=', company_id), ('reconciled', '=', False),"
        " ('account_type', '=', 'asset_receivable'), ('parent_state', '=', 'posted'),"
        " ('amount_residual', '>', 0),"
        " ('partner_id.commercial_partner_id', '=', partner_id)]",
    )
    reason_id = fields.Many2one(
        "dunning.hold.reason", index="btree_not_null", ondelete="restrict"
    )
    note = fields.Text(help="Words for the timeline.")
    user_id = fields.Many2one(
        "res.users",
        "Owner",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    date_start = fields.Date(
        "Since", required=True, readonly=True, default=lambda self: self._today()
    )
    date_end = fields.Date(
        "Until",
        required=True,
        help="Last day of the hold. Reminders go on by themselves after it.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    held_amount = fields.Monetary(
        compute="_compute_held_amount", help="Open today, in company currency."
    )

    _active_idx = models.Index("(partner_id, company_id) WHERE state = 'active'")
    _end_idx = models.Index("(date_end) WHERE state = 'active'")
    _end_after_start = models.Constraint(
        "CHECK(date_end >= date_start)", "A hold ends on the day it starts or later."
    )

    # === COMPUTE METHODS === #

    @api.model
    def _today(self):
        return self.env.company._dunning_today()

    @api.depends("kind", "partner_id", "date_end")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for hold in self:
            hold.display_name = self.env._(
                "%(kind)s · %(customer)s until %(date)s",
                kind=kinds.get(hold.kind, ""),
                customer=hold.partner_id.display_name or "",
                date=format_date(self.env, hold.date_end),
            )

    @api.depends("move_line_ids.amount_residual", "scope", "partner_id", "company_id")
    def _compute_held_amount(self):
        for hold in self:
            lines = hold.move_line_ids
            if hold.scope == "customer":
                lines = self.env["dunning.agreement"]._search_open_lines(
                    hold.partner_id, hold.company_id
                )
            hold.held_amount = sum(lines.mapped("amount_residual"))

    @api.onchange("reason_id")
    def _onchange_reason_id(self):
        """The reason says the kind, and proposes an end."""
        if self.reason_id:
            self.kind = self.reason_id.kind
            if self.reason_id.default_days:
                self.date_end = self._propose_end(self.reason_id)

    @api.onchange("move_line_ids")
    def _onchange_move_line_ids(self):
        if self.move_line_ids:
            self.scope = "lines"
            self.partner_id = self.move_line_ids.partner_id.commercial_partner_id[:1]

    @api.model
    def _propose_end(self, reason):
        return self._today() + timedelta(days=reason.default_days)

    # === CONSTRAINTS === #

    @api.constrains("scope", "move_line_ids", "partner_id", "company_id", "state")
    def _check_scope(self):
        for hold in self.filtered(lambda hold: hold.state == "active"):
            if hold.scope == "lines" and not hold.move_line_ids:
                raise ValidationError(
                    self.env._(
                        "Name the items to hold, or hold everything the customer owes."
                    )
                )
            strangers = hold.move_line_ids.filtered(
                lambda line, hold=hold: (
                    line.company_id != hold.company_id
                    or line.partner_id.commercial_partner_id != hold.partner_id
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "%(items)s: not owed by %(customer)s to %(company)s. Take "
                        "these items out, or set a hold of their own.",
                        items=", ".join(strangers.move_id.mapped("display_name")),
                        customer=hold.partner_id.display_name,
                        company=hold.company_id.display_name,
                    )
                )

    # === CRUD === #

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        known = dict(values)
        for name in ("case_id", "partner_id", "move_line_ids", "company_id"):
            if value := self.env.context.get(f"default_{name}"):
                known.setdefault(name, value)
        known = self._complete(known, force=True)
        return values | {name: known[name] for name in fields if name in known}

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._complete(vals) for vals in vals_list]
        for vals in vals_list:
            self._check_entry(vals)
        holds = super().create(vals_list)
        holds._tell("hold_set")
        holds._take_back()
        return holds

    def write(self, vals):
        """The end may move, items may come and go; what it is and whose stays."""
        kept = KEPT_BY_SYSTEM & vals.keys()
        if kept and not self.env.su:
            raise AccessError(
                self.env._(
                    "A hold keeps its customer and kind, and is ended by Release: set "
                    "another hold instead."
                )
            )
        if not self.env.su and vals.keys() & {"date_end", "move_line_ids"}:
            self._check_owned()
            self._check_end(vals.get("date_end"))
            self._check_legal()
        ended = self.filtered(lambda hold: hold.state != "active")
        if ended and "date_end" in vals:
            raise UserError(self.env._("This hold has ended: set another one instead."))
        result = super().write(vals)
        if "move_line_ids" in vals:
            self._take_back()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        raise UserError(
            self.env._("A hold is history and stays. Release it to end it.")
        )

    @api.model
    def _complete(self, vals, force=False):
        """Fill in what follows from the case or the items.

        :param bool force: also propose what only a dialog needs
        """
        vals = dict(vals)
        lines = self.env["dunning.agreement"]._get_lines_of(vals.get("move_line_ids"))
        case = self.env["dunning.case"].browse(vals.get("case_id"))
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        partner = partner or case.partner_id or lines.partner_id[:1]
        company = case.company_id or lines.company_id[:1]
        if partner:
            vals["partner_id"] = partner.commercial_partner_id.id
        if company:
            vals["company_id"] = vals.get("company_id") or company.id
        elif not vals.get("company_id"):
            vals["company_id"] = self.env.company.id
        company = self.env["res.company"].browse(vals["company_id"])
        vals.setdefault("date_start", company._dunning_today())
        vals.setdefault("scope", "lines" if lines else "customer")
        if force and lines:
            vals["scope"] = "lines"
        if not case and partner:
            case = self.env["dunning.agreement"]._search_case(
                partner.commercial_partner_id, company
            )
            vals["case_id"] = case.id
        reason = self.env["dunning.hold.reason"].browse(vals.get("reason_id"))
        if reason:
            vals.setdefault("kind", reason.kind)
            if not vals.get("date_end") and reason.default_days:
                vals["date_end"] = self._propose_end(reason)
        return vals

    @api.model
    def _check_entry(self, vals):
        if not vals.get("date_end"):
            raise ValidationError(
                self.env._(
                    "A hold needs an end, so that no debt is forgotten: enter the last "
                    "day on which nothing shall be sent. It can be moved later."
                )
            )
        if self.env.su:
            return
        if vals.get("kind") in OWNED:
            raise AccessError(
                self.env._(
                    "Note the promise, the dispute or the payment plan: it sets its "
                    "hold by itself."
                )
            )
        if vals.get("state", "active") != "active":
            raise AccessError(self.env._("A new hold is active."))
        self._check_end(vals["date_end"])

    @api.model
    def _check_end(self, date_end):
        if date_end and fields.Date.to_date(date_end) < self._today():
            raise ValidationError(
                self.env._(
                    "A hold until %s would never stop anything: enter today or a later "
                    "day. Use Release to end a hold now.",
                    format_date(self.env, date_end),
                )
            )

    def _check_owned(self):
        if any(hold.kind in OWNED for hold in self):
            raise UserError(
                self.env._(
                    "This hold belongs to a promise, a dispute, a payment plan or a "
                    "failed payment and follows it: change or cancel that one."
                )
            )

    def _check_legal(self):
        """What is with a lawyer is a manager's decision."""
        if "legal" in self.mapped("kind") and not self.env.user.has_group(
            "dunning_automation.group_manager"
        ):
            raise AccessError(
                self.env._("Only a collections manager changes or ends a legal hold.")
            )

    # === BUSINESS METHODS === #

    def action_release(self):
        """A person ends these holds now; reminders go on with the next run."""
        self.check_access("write")
        self._check_owned()
        self._check_legal()
        self.sudo()._release()

    def _release(self, note=None):
        """End these holds now, and say so.

        :param str note: why, for people
        """
        self._end("released", "hold_released", note)

    def _end(self, state, kind, note=None):
        """The one door out of ``active``."""
        active = self.filtered(lambda hold: hold.state == "active")
        active.sudo().write({"state": state})
        active._tell(kind, note)

    def _extend(self, date_end):
        """The agreement behind these holds lasts until ``date_end``."""
        self.sudo().filtered(lambda hold: hold.state == "active").write(
            {"date_end": date_end}
        )

    def _tell(self, kind, note=None):
        """Append an event of ``kind`` for each of these holds."""
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": hold.company_id.id,
                    "partner_id": hold.partner_id.id,
                    "case_id": hold.case_id.id,
                    "kind": kind,
                    "note": note
                    or (kind == "hold_set" and (hold.note or hold.reason_id.name))
                    or None,
                    "payload": {
                        "hold": hold.id,
                        "reason": f"hold_{hold.kind}",
                        "date_end": fields.Date.to_string(hold.date_end),
                        "scope": hold.scope,
                        "moves": hold.move_line_ids.move_id.ids,
                    },
                }
                for hold in self
            ]
        )

    def _take_back(self):
        """What is queued for the held items is judged again before the commit."""
        moves = self.move_line_ids.move_id
        if wide := self.filtered(lambda hold: hold.scope == "customer"):
            notices = (
                self.env["dunning.notice"]
                .sudo()
                .search(
                    [
                        ("partner_id", "in", wide.partner_id.ids),
                        ("company_id", "in", wide.company_id.ids),
                        ("state", "in", ("planned", "ready")),
                        ("simulation", "=", False),
                    ]
                )
            )
            moves |= notices.line_ids.move_id.with_env(self.env)
        moves._dunning_recheck()

    def _explain(self):
        """“On hold until 03/20/2026: Disputed”, the longest first; empty if none."""
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        return " / ".join(
            self.env._(
                "On hold until %(date)s: %(reason)s",
                date=format_date(self.env, hold.date_end),
                reason=hold.reason_id.name or reasons[f"hold_{hold.kind}"],
            )
            for hold in self.sorted("date_end", reverse=True)
        )

    @api.model
    def _search_stopping(self, partners, company):
        """Active holds of these debtors that stop something today."""
        return self.search(
            Domain("partner_id", "in", partners.ids)
            & Domain("company_id", "=", company.id)
            & Domain("state", "=", "active")
            & Domain("date_end", ">=", company._dunning_today())
        )

    @api.model
    def _search_settled(self, moves):
        """Active holds of agreements about ``moves``, on which something was booked;
        one indexed query."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT hold.id
                     FROM account_move_line line
                     JOIN dunning_hold_line_rel held ON held.line_id = line.id
                     JOIN dunning_hold hold ON hold.id = held.hold_id
                    WHERE line.move_id IN %s
                      AND hold.state = 'active'
                      AND hold.kind IN %s""",
                tuple(moves.ids) or (None,),
                OWNED,
            )
        )
        return self.browse(hold_id for (hold_id,) in rows)

    def _settle_agreements(self):
        """A booking may keep a promise at once, or end a dispute."""
        for name in self.env["dunning.agreement"]._get_settled_models():
            model = self.env[name]
            model.search(
                [("hold_id", "in", self.ids), ("state", "in", model._open_states)]
            )._settle()

    @api.model
    def _expire(self, company):
        """Tell the end of the holds whose last day has passed."""
        ended = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("date_end", "<", company._dunning_today()),
            ]
        )
        ended._end("expired", "hold_expired")

    @api.model
    def _cron_expire(self):
        """Nightly (hourly, for companies in other time zones): decide promises and
        plans, remind of disputes, end holds. The daily run does the same before it
        plans. One company's failure does not stop the others."""
        self.env["dunning.agreement"]._settle_companies()

    @api.model
    def _stop_condition(self, company, now, kinds):
        """The stop sign of ``dunning.policy._stop_conditions``: a hold of one of
        ``kinds``, the first of them first, stops ``line`` or everything of ``debtor``.

        Two EXISTS, which the database answers from two hash tables when it reads the
        whole ledger and from the indexes when it reads one customer; which kind it is,
        is asked of held lines only.
        """
        active = SQL(
            "hold.state = 'active' AND hold.company_id = %s AND hold.date_end >= %s"
            " AND hold.kind IN %s",
            company.id,
            self.env["dunning.ledger"]._get_local_date_sql(company, now),
            kinds,
        )
        of_line = SQL(
            """SELECT hold.kind
                 FROM dunning_hold_line_rel held
                 JOIN dunning_hold hold ON hold.id = held.hold_id
                WHERE held.line_id = line.id AND hold.scope = 'lines' AND %s""",
            active,
        )
        of_debtor = SQL(
            """SELECT hold.kind
                 FROM dunning_hold hold
                WHERE hold.partner_id = debtor.id AND hold.scope = 'customer' AND %s""",
            active,
        )
        return (
            SQL(
                """(SELECT 'hold_' || kind
                      FROM (%s UNION ALL %s) AS held
                     ORDER BY ARRAY_POSITION(%s, kind::text)
                     LIMIT 1)""",
                of_line,
                of_debtor,
                list(kinds),
            ),
            SQL("(EXISTS (%s) OR EXISTS (%s))", of_line, of_debtor),
        )

    # === PERSONAL DATA === #

    def _erase_personal(self):
        """Forget the words; that something was held, and until when, stays."""
        self.filtered("note").write({"note": False})
