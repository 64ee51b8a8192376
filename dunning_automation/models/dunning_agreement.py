import logging

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount

_logger = logging.getLogger(__name__)


class DunningAgreement(models.AbstractModel):
    """What a customer said about named lines: base of promise, dispute and plan.

    Each names its lines, owns the hold that keeps exactly these from being reminded,
    tells the timeline, and resumes the sequence as the policy says when it fails. What
    was agreed stays as it is: to change it, a new one is made.
    """

    _name = "dunning.agreement"
    _description = "Dunning Agreement"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    _hold_kind = None
    """Kind of the hold that it owns."""
    _open_states = ("open",)
    """States in which the ledger or a person still has to decide."""
    _editable = frozenset()
    """What people may write after it was made."""

    case_id = fields.Many2one(
        "dunning.case",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
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
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        copy=False,
        check_company=True,
        domain="[('company_id', '=', company_id), ('reconciled', '=', False),"
        " ('account_type', '=', 'asset_receivable'), ('parent_state', '=', 'posted'),"
        " ('amount_residual', '>', 0),"
        " ('partner_id.commercial_partner_id', '=', partner_id)]",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        required=True,
    )
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    baseline = fields.Monetary(
        "Owed at That Time",
        readonly=True,
        copy=False,
        help="Open amount of the items at the moment of the agreement.",
    )
    baseline_credit = fields.Monetary(
        readonly=True,
        copy=False,
        help="Unallocated credits of the customer at the moment of the agreement.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        index=True,
        tracking=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    hold_id = fields.Many2one(
        "dunning.hold", readonly=True, copy=False, index="btree_not_null"
    )
    hold_end = fields.Date("On Hold Until", related="hold_id.date_end")
    note = fields.Text()

    # === COMPUTE METHODS === #

    @api.depends("move_line_ids", "company_id")
    def _compute_currency_id(self):
        for record in self:
            currency = record.move_line_ids.currency_id[:1]
            record.currency_id = currency or record.company_id.currency_id

    @api.depends("move_line_ids")
    def _compute_amount(self):
        for record in self:
            record.amount = record._get_debt()

    @api.depends("amount", "currency_id", "partner_id")
    def _compute_display_name(self):
        for record in self:
            amount = format_amount(self.env, record.amount, record.currency_id)
            record.display_name = f"{record.partner_id.display_name or ''} · {amount}"

    def _get_debt(self):
        """What the items owe now, in their currency."""
        return sum(self.move_line_ids.mapped("amount_residual_currency"))

    def _mail_get_partner_fields(self, introspect_fields=False):
        return ["partner_id"]

    # === WHAT FOLLOWS FROM THE CASE === #

    @api.model
    def _get_open_domain(self, partner, company):
        """Receivable lines that ``partner`` owes ``company``."""
        return Domain(
            [
                ("partner_id.commercial_partner_id", "in", partner.ids),
                ("company_id", "=", company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
            ]
        )

    @api.model
    def _search_open_lines(self, partner, company):
        return self.env["account.move.line"].search(
            self._get_open_domain(partner, company), order="date_maturity, id"
        )

    @api.model
    def _propose_lines(self, partner, company):
        """The overdue lines, or all open ones where none is overdue; in one currency,
        that of the company if possible; what is disputed is left out."""
        lines = self._search_open_lines(partner, company)
        holds = self.env["dunning.hold"]._search_stopping(partner, company)
        disputed = holds.filtered(lambda hold: hold.kind == "dispute").move_line_ids
        lines = (lines - disputed) or lines
        today = company._dunning_today()
        overdue = lines.filtered(lambda line: (line.date_maturity or line.date) < today)
        lines = overdue or lines
        own = lines.filtered(lambda line: line.currency_id == company.currency_id)
        return own or lines.filtered(
            lambda line: line.currency_id == lines[:1].currency_id
        )

    @api.model
    def _search_case(self, partner, company):
        return self.env["dunning.case"].search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "=", "open"),
            ],
            limit=1,
        )

    @api.model
    def _get_lines_of(self, value):
        """The lines that a value of ``move_line_ids`` (ids or commands) stands for."""
        field = self.env["dunning.hold"]._fields["move_line_ids"]
        ids = field.convert_to_cache(value or (), self.env["dunning.hold"], False)
        return self.env["account.move.line"].browse(ids)

    @api.model
    def _complete(self, vals):
        """Fill in what follows from the case, the customer or the items."""
        vals = dict(vals)
        case = self.env["dunning.case"].browse(vals.get("case_id"))
        lines = self._get_lines_of(vals.get("move_line_ids"))
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        partner = partner or case.partner_id or lines.partner_id[:1]
        partner = partner.commercial_partner_id
        company = self.env["res.company"].browse(vals.get("company_id"))
        company = case.company_id or lines.company_id[:1] or company or self.env.company
        vals["company_id"] = company.id
        if partner:
            vals["partner_id"] = partner.id
            case = case or self._search_case(partner, company)
            vals["case_id"] = case.id
            if not lines:
                lines = self._propose_lines(partner, company)
                vals["move_line_ids"] = [Command.set(lines.ids)]
        return vals

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        known = dict(values)
        for name in ("case_id", "partner_id", "move_line_ids"):
            if value := self.env.context.get(f"default_{name}"):
                known.setdefault(name, value)
        if known.keys() & {"case_id", "partner_id", "move_line_ids"}:
            known = self._complete(known)
        return values | {name: known[name] for name in fields if name in known}

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        """Another customer, other items."""
        debtor = self.partner_id.commercial_partner_id
        if debtor and self.move_line_ids.partner_id.commercial_partner_id != debtor:
            self.partner_id = debtor
            self.case_id = self._search_case(debtor, self.company_id)
            self.move_line_ids = self._propose_lines(debtor, self.company_id)

    # === CONSTRAINTS === #

    @api.constrains("move_line_ids", "partner_id", "company_id", "amount")
    def _check_lines(self):
        for record in self:
            lines = record.move_line_ids
            if not lines:
                raise ValidationError(
                    self.env._(
                        "%s owes nothing that could be named. Choose the invoices that "
                        "this is about.",
                        record.partner_id.display_name,
                    )
                )
            record._check_owner(lines)
            if len(lines.currency_id) > 1:
                raise ValidationError(
                    self.env._(
                        "The items are in several currencies (%s): note one agreement "
                        "per currency.",
                        ", ".join(lines.currency_id.mapped("name")),
                    )
                )

    def _check_owner(self, lines):
        strangers = lines.filtered(
            lambda line: (
                line.company_id != self.company_id
                or line.partner_id.commercial_partner_id != self.partner_id
                or line.account_type != "asset_receivable"
                or line.parent_state != "posted"
            )
        )
        if strangers:
            raise ValidationError(
                self.env._(
                    "%(items)s: no open item that %(customer)s owes to %(company)s. "
                    "Take it out.",
                    items=", ".join(strangers.move_id.mapped("display_name")),
                    customer=self.partner_id.display_name,
                    company=self.company_id.display_name,
                )
            )

    def _check_amount(self, none, above):
        """:param none: message when the amount is not positive
        :param above: message when it is above the debt, with one %s for the debt"""
        self.ensure_one()
        self._check_lines()  # No amount makes sense for the wrong items.
        debt = self._get_debt()
        if self.currency_id.compare_amounts(self.amount, 0.0) <= 0:
            raise ValidationError(none)
        if self.currency_id.compare_amounts(self.amount, debt) > 0:
            raise ValidationError(
                above % format_amount(self.env, debt, self.currency_id)
            )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_kept_by_system(vals)
        made = super().create([self._complete(vals) for vals in vals_list])
        self.env["dunning.reply"]._take_over(made)
        return made

    def write(self, vals):
        self._check_kept_by_system(vals)
        if not self.env.su:
            changed = {
                name
                for name in vals.keys() - self._editable
                if name in self._fields
                and not name.startswith(("message_", "activity_"))
            }
            if changed and any(record._is_fixed() for record in self):
                raise UserError(
                    self.env._(
                        "What was agreed stays as it is: note a new one, which "
                        "replaces it, or cancel this one."
                    )
                )
        return super().write(vals)

    def _is_fixed(self):
        """Whether people may change no more than ``_editable``."""
        return True

    @api.model
    def _check_kept_by_system(self, vals):
        kept = {"state", "hold_id", "baseline", "baseline_credit"} & vals.keys()
        if kept and not self.env.su:
            raise AccessError(
                self.env._("The ledger and the buttons move this on, nobody writes it.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(record._is_fixed() for record in self):
            raise UserError(
                self.env._("This is history and stays. Cancel it to end it.")
            )

    def action_open_hold(self):
        """Open the hold that keeps the items from being reminded."""
        return self.hold_id._get_records_action()

    # === HOLD, TIMELINE, SEQUENCE === #

    def _set_hold(self, date_end):
        """Stop the lines until ``date_end``, with the hold that it has or a new one."""
        self.ensure_one()
        self_sudo = self.sudo()
        if self_sudo.hold_id.state == "active":
            self_sudo.hold_id._extend(date_end)
            return
        self_sudo.hold_id = self_sudo.env["dunning.hold"].create(
            {
                "kind": self._hold_kind,
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.case_id.id,
                "scope": "lines",
                "move_line_ids": [Command.set(self.move_line_ids.ids)],
                "user_id": (self.user_id or self.env.user).id,
                "date_end": date_end,
            }
        )

    def _tell(self, kind, note=None, **payload):
        """Append an event of ``kind`` for each of these."""
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": record.company_id.id,
                    "partner_id": record.partner_id.id,
                    "case_id": record.case_id.id,
                    "kind": kind,
                    "note": note,
                    "payload": {
                        self._hold_kind: record.id,
                        "amount": record.amount,
                        "currency": record.currency_id.name,
                        "moves": record.move_line_ids.move_id.ids,
                        **payload,
                    },
                }
                for record in self
            ]
        )

    def _resume_sequence(self):
        """What the customer said did not come true: his lines go on as their policy
        says."""
        self.env["dunning.decision"]._resume(
            self.move_line_ids.ids, self.company_id._dunning_today()
        )

    def _get_policy(self):
        """The policy of these lines."""
        self.ensure_one()
        decisions = (
            self.env["dunning.decision"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", self.move_line_ids.ids),
                    ("policy_id", "!=", False),
                ],
                limit=1,
            )
        )
        policies = self.env["dunning.policy"]._search_applicable(self.company_id)
        return decisions.policy_id or policies[:1]

    def _get_collector(self):
        """Who works on it: never somebody who has left."""
        self.ensure_one()
        candidates = [
            self.user_id,
            self.case_id.user_id,
            self._get_policy().user_id,
            self.env.ref("base.user_admin"),
        ]
        return next(user for user in candidates if user.active)

    def _get_responsible(self):
        """Who decides when a collector cannot."""
        responsible = self._get_policy().user_id
        return responsible if responsible.active else self.env.ref("base.user_admin")

    def _create_task(self, summary, user, date_deadline=None, note=None):
        """A person must look: one task per agreement and summary."""
        self.ensure_one()
        if summary in self.activity_ids.mapped("summary"):
            return
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=date_deadline or self.company_id._dunning_today(),
            summary=summary,
            note=note,
            user_id=user.id,
        )

    # === THE LEDGER DECIDES === #

    def _read_ledger(self):
        """What happened to the items since the agreement: one query for all.

        :return: {record id: dict} with ``lines`` (posted ones that are left),
            ``residual``, ``late`` (set off with a value date after the deadline)
        """
        field = self._fields["move_line_ids"]
        self.env["account.move.line"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        self.flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT record.id, COUNT(line.id) AS lines,
                       COALESCE(SUM(line.amount_residual_currency), 0) AS residual,
                       COALESCE(SUM(late.amount), 0) AS late
                  FROM %(table)s record
             LEFT JOIN %(relation)s rel ON rel.%(own)s = record.id
             LEFT JOIN account_move_line line
                    ON line.id = rel.%(other)s AND line.parent_state = 'posted'
             LEFT JOIN LATERAL (
                    SELECT SUM(debit_amount_currency) AS amount
                      FROM account_partial_reconcile
                     WHERE debit_move_id = line.id
                       AND max_date > record.deadline
                       ) late ON TRUE
                 WHERE record.id = ANY(%(ids)s)
                 GROUP BY record.id
                """,
                table=SQL.identifier(self._table),
                relation=SQL.identifier(field.relation),
                own=SQL.identifier(field.column1),
                other=SQL.identifier(field.column2),
                ids=self.ids,
            )
        )
        return {row["id"]: row for row in rows}

    def _read_open_credits(self):
        """Unallocated credits of the customers now: {(partner id, company id, currency
        id): amount}, payments that have no entry yet included. One query."""
        self.env["account.move.line"].flush_model()
        self.env["account.payment"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner.commercial_partner_id, credit.company_id,
                       credit.currency_id, SUM(credit.amount)
                  FROM (SELECT partner_id, company_id, currency_id,
                               -amount_residual_currency AS amount
                          FROM account_move_line
                         WHERE account_id IN (
                                   SELECT id
                                     FROM account_account
                                    WHERE account_type = 'asset_receivable')
                           AND reconciled IS NOT TRUE
                           AND parent_state = 'posted'
                           AND amount_residual_currency < 0
                           AND partner_id = ANY(%(family)s)
                     UNION ALL
                        SELECT partner_id, company_id, currency_id, amount
                          FROM account_payment
                         WHERE state = 'in_process'
                           AND move_id IS NULL
                           AND payment_type = 'inbound'
                           AND partner_id = ANY(%(family)s)
                       ) AS credit
                  JOIN res_partner partner ON partner.id = credit.partner_id
                 GROUP BY 1, 2, 3
                """,
                family=self.env["res.partner"]
                .sudo()
                .with_context(active_test=False)
                .search([("commercial_partner_id", "in", self.partner_id.ids)])
                .ids,
            )
        )
        return {tuple(key): amount for *key, amount in rows}

    def _get_credit(self, credits):
        """Of ``_read_open_credits`` what belongs to this one."""
        key = (self.partner_id.id, self.company_id.id, self.currency_id.id)
        return credits.get(key, 0.0)

    def _remember_ledger(self):
        """Keep what is owed now, to know later what was paid since."""
        credits = self._read_open_credits()
        for record in self.sudo():
            record.write(
                {
                    "baseline": record._get_debt(),
                    "baseline_credit": record._get_credit(credits),
                }
            )

    def _settle(self):
        """Let the ledger decide these. Extended by those that it can decide."""

    @api.model
    def _get_settled_models(self):
        """Models of agreements in the order in which the ledger decides them."""
        return ["dunning.promise", "dunning.plan", "dunning.dispute"]

    @api.model
    def _search_undecided(self, company):
        """What the ledger, or the calendar, may decide in ``company``."""
        return self.search(
            [("company_id", "=", company.id), ("state", "in", self._open_states)]
        )

    @api.model
    def _settle_company(self, company):
        """Decide everything in ``company`` that is due, then end the holds. Each one in
        a savepoint: what fails is set aside with its reason and tried again tomorrow.

        :return: the errors
        """
        errors = []
        for name in self._get_settled_models():
            records = self.env[name].sudo()._search_undecided(company)
            errors += records._settle_apart()
        self.env["dunning.hold"]._expire(company)
        return errors

    def _settle_apart(self):
        """Settle all in one go; if that fails, one by one, to set the bad one aside."""
        if not self:
            return []
        try:
            with self.env.cr.savepoint():
                self._settle()
            return []
        except Exception as error:
            if len(self) == 1:
                _logger.warning("%s %s could not be decided: %s", self, self.ids, error)
                return [error]
        self.env.invalidate_all()
        return [error for record in self for error in record._settle_apart()]

    @api.model
    def _settle_companies(self):
        """Settle all companies, committing after each; raise the last error at the end,
        so that the job counts as failed."""
        errors = []
        companies = self.env["res.company"].search([("active", "=", True)])
        for position, company in enumerate(companies, 1):
            errors += self.with_company(company)._settle_company(company)
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - position)
        if errors:
            raise errors[-1]

    # === CONFIRMATION === #

    def _open_composer(self, template):
        """Odoo's composer with a confirmation to the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Confirmation"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": self.env.ref(template).id,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
            },
        }

    # === PERSONAL DATA === #

    def _erase_personal(self):
        """Forget the words and files; amounts, dates and what became of it stay."""
        self.message_ids.attachment_ids.unlink()
        self.message_ids.write({"subject": False, "body": ""})
        self.activity_ids.write({"summary": False, "note": False})
        self.write({"note": False})
