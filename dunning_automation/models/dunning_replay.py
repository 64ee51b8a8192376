import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_amount, format_date

from ..tools.channels import INTERNAL
from ..tools.replay_progress import ReplayProgress
from .dunning_replay_message import VARIANTS

_logger = logging.getLogger(__name__)

LONGEST_DAYS = 366
SHADOW_DAYS = 90
ONE_DAY = timedelta(days=1)
RESULT = {"state", "progress", "error", "message_ids"}


class DunningReplay(models.Model):
    """What policies would have done with the company's own past, day by day.

    Answers who would have heard what and when under the policies of today and, beside
    them, under a policy that somebody wants to try. Payments are those that really
    came: whether customers had paid earlier, nobody knows. Nothing is sent and no live
    table is written (``dunning.replay.sandbox``).
    """

    _name = "dunning.replay"
    _description = "Dunning Replay"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "dunning.policy",
        "Policy to Try",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        context={"active_test": False},
        help="Applies before all others to the customers and invoices of its filters, "
        "as if it had always been automatic. It may be archived. Empty = only the "
        "policies of today.",
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: self.env.company._dunning_today() - timedelta(days=90),
    )
    date_to = fields.Date(
        "To",
        required=True,
        default=lambda self: self.env.company._dunning_today() - timedelta(days=1),
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("queued", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="draft",
        readonly=True,
        required=True,
        copy=False,
    )
    progress = fields.Float(readonly=True, copy=False, help="Share of the days, in %.")
    error = fields.Text(readonly=True, copy=False)
    message_ids = fields.One2many(
        "dunning.replay.message", "replay_id", "Messages", readonly=True
    )
    message_count = fields.Integer(compute="_compute_figures")
    figures_html = fields.Html(compute="_compute_figures", sanitize=False)
    chart = fields.Json(compute="_compute_chart", help="Messages per week.")

    # === COMPUTED === #

    @api.depends("date_from", "date_to", "policy_id.name")
    def _compute_name(self):
        for replay in self:
            replay.name = self.env._(
                "%(policy)s, %(date_from)s to %(date_to)s",
                policy=replay.policy_id.name or self.env._("Policies of today"),
                date_from=format_date(self.env, replay.date_from),
                date_to=format_date(self.env, replay.date_to),
            )

    @api.depends("name")
    def _compute_display_name(self):
        for replay in self:
            replay.display_name = replay.name

    @api.depends("state")
    def _compute_figures(self):
        for replay in self:
            totals = replay._read_totals()
            replay.message_count = sum(total["messages"] for total in totals.values())
            replay.figures_html = replay.state == "done" and self.env[
                "ir.qweb"
            ]._render(
                "dunning_automation.replay_figures",
                {
                    "replay": replay,
                    "totals": totals,
                    "levels": replay._read_levels(),
                    "money": partial(
                        format_amount, self.env, currency=replay.currency_id
                    ),
                    "variants": replay._get_variants(),
                },
            )

    @api.depends("state")
    def _compute_chart(self):
        for replay in self:
            counts = {
                (variant, week): count
                for variant, week, count in self.env[
                    "dunning.replay.message"
                ]._read_group(
                    [("replay_id", "in", replay.ids)],
                    ["variant", "date:week"],
                    ["__count"],
                )
            }
            weeks = sorted({week for _variant, week in counts})
            replay.chart = {
                "type": "bar",
                "labels": [format_date(self.env, week) for week in weeks],
                "datasets": [
                    {
                        "label": label,
                        "data": [counts.get((variant, week), 0) for week in weeks],
                    }
                    for variant, label in replay._get_variants()
                ],
            }

    def _get_variants(self):
        """The variants that this replay went through, with their names."""
        self.ensure_one()
        labels = dict(
            self.env["dunning.replay.message"]
            ._fields["variant"]
            ._description_selection(self.env)
        )
        return [
            (variant, labels[variant])
            for variant, _label in VARIANTS
            if variant == "today" or self.policy_id
        ]

    def _read_totals(self):
        """{variant: figures}: ``messages``, ``customers``, the most that left on one
        ``day``, and ``fees`` (reminder fees of the levels, company currency)."""
        self.ensure_one()
        messages = self.env["dunning.replay.message"]
        domain = [("replay_id", "in", self.ids)]
        totals = {
            variant: {"messages": 0, "customers": 0, "day": 0, "fees": 0.0}
            for variant, _label in self._get_variants()
        }
        for variant, count, customers in messages._read_group(
            domain, ["variant"], ["__count", "partner_id:count_distinct"]
        ):
            totals[variant] |= {"messages": count, "customers": customers}
        for variant, level, count in messages._read_group(
            [*domain, ("channel", "not in", INTERNAL)],
            ["variant", "level_id"],
            ["__count"],
        ):
            totals[variant]["fees"] += level.fee_amount * count
        for variant, _day, count in messages._read_group(
            domain, ["variant", "date:day"], ["__count"]
        ):
            totals[variant]["day"] = max(totals[variant]["day"], count)
        return totals

    def _read_levels(self):
        """[(level, channel, {variant: messages})] in the order of the ladders."""
        self.ensure_one()
        messages = self.env["dunning.replay.message"]
        channels = dict(messages._fields["channel"]._description_selection(self.env))
        rows = {}
        for level, channel, variant, count in messages._read_group(
            [("replay_id", "in", self.ids)],
            ["level_id", "channel", "variant"],
            ["__count"],
        ):
            rows.setdefault((level, channel), {})[variant] = count
        return [
            (level, channels[channel], counts)
            for (level, channel), counts in sorted(
                rows.items(),
                key=lambda row: (row[0][0].delay_days, row[0][0].id, row[0][1]),
            )
        ]

    # === ENTRY === #

    @api.constrains("date_from", "date_to", "company_id")
    def _check_dates(self):
        for replay in self:
            if replay.date_from > replay.date_to:
                raise ValidationError(
                    self.env._("The replay ends before it begins: exchange the days.")
                )
            if replay.date_to > replay.company_id._dunning_today():
                raise ValidationError(
                    self.env._(
                        "A replay is about the past. For a day to come start a "
                        "simulation under Collections > Runs."
                    )
                )
            if (replay.date_to - replay.date_from).days >= LONGEST_DAYS:
                raise ValidationError(
                    self.env._("Replay at most %s days at once.", LONGEST_DAYS)
                )
            first = replay._get_first_day()
            if not first:
                raise ValidationError(
                    self.env._(
                        "%s has no posted invoice yet: there is nothing to replay.",
                        replay.company_id.display_name,
                    )
                )
            if replay.date_from < first:
                raise ValidationError(
                    self.env._(
                        "The first invoice of %(company)s is of %(date)s: begin on "
                        "that day or later.",
                        company=replay.company_id.display_name,
                        date=format_date(self.env, first),
                    )
                )

    def _get_first_day(self):
        """The accounting date of the first receivable of the company, None if there is
        none."""
        self.ensure_one()
        [[first]] = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", self.company_id.id),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                ],
                [],
                ["date:min"],
            )
        )
        return first

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_result_untouched(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_result_untouched(vals)
        if not self.env.su and any(replay.state != "draft" for replay in self):
            raise UserError(
                self.env._("A replay stays as it was started: duplicate it instead.")
            )
        return super().write(vals)

    def _check_result_untouched(self, vals):
        if not self.env.su and vals.keys() & RESULT:
            raise AccessError(self.env._("Only the replay writes its result."))

    # === ACTIONS === #

    def action_start(self):
        """Queue the replay; a cron works on it, the form shows how far it is."""
        self.check_access("write")
        for replay in self.filtered(lambda replay: replay.state == "draft"):
            replay.sudo().state = "queued"
        self.env.ref("dunning_automation.ir_cron_replay").sudo()._trigger()

    def action_open_messages(self):
        """Open what customers would have heard."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_replay_message_action"
        )
        return action | {"domain": [("replay_id", "in", self.ids)]}

    # === WORK === #

    @api.model
    def _cron_replay(self):
        """Work on what waits, one replay after the other. What is still running when
        this begins was killed: it says so instead of trying again for ever."""
        cron = self.env["ir.cron"]
        for replay in self.search([("state", "=", "running")]):
            replay._fail(
                self.env._(
                    "The server stopped it. Choose fewer days, or raise "
                    "limit_time_real_cron in the configuration of the server."
                )
            )
        self._queue_shadows()
        cron._commit_progress()
        queued = self.search([("state", "=", "queued")], order="id")
        for position, replay in enumerate(queued, 1):
            replay._run(cron._commit_progress)
            cron._commit_progress(1, remaining=len(queued) - position)

    def _run(self, commit=lambda: None):
        """Go through all days, for each variant, in transactions of their own: side by
        side, since the database does nearly all of the work.

        :param commit: ends the transaction of the caller, before and after the work
        """
        self.ensure_one()
        self.state = "running"
        today = self.env["dunning.policy"]._search_applicable(self.company_id)
        ladders = {"today": today}
        if self.policy_id:
            ladders["tried"] = self.policy_id | (today - self.policy_id)
        progress = ReplayProgress(
            len(ladders) * ((self.date_to - self.date_from).days + 1),
            self._show_progress,
        )
        commit()
        with ThreadPoolExecutor(max_workers=len(ladders)) as pool:
            for variant, policies in ladders.items():
                pool.submit(self._go_through, variant, policies, progress)
        commit()
        self.invalidate_recordset()
        if error := progress.error:
            _logger.error("Dunning replay %s failed", self.id, exc_info=error)
            self._fail(str(error))
        else:
            self.state = "done"

    def _go_through(self, variant, policies, progress):
        """Keep what one variant would have said. Runs in a thread of its own.

        :param ReplayProgress progress: of all variants; the first that fails stops the
            others
        """
        threading.current_thread().dbname = self.env.cr.dbname
        try:
            with self.env.registry.cursor() as cr:
                env = self.env(cr=cr)
                env["dunning.replay.planner"]._replay(
                    self.with_env(env), variant, policies.with_env(env), progress.step
                )
        except Exception as error:
            progress.fail(error)

    @api.model
    def _queue_shadows(self):
        """Once a day, replay the last months with each policy that is a shadow."""
        shadows = self.env["dunning.policy"].search([("mode", "=", "shadow")])
        for policy in shadows:
            company = policy.company_id
            today = company._dunning_today()
            replay = self.new({"company_id": company.id, "policy_id": policy.id})
            first = replay._get_first_day()
            done = self.search_count(
                [("policy_id", "=", policy.id), ("date_to", "=", today - ONE_DAY)]
            )
            if first and first < today and not done:
                self.create(
                    {
                        "company_id": company.id,
                        "policy_id": policy.id,
                        "date_from": max(first, today - SHADOW_DAYS * ONE_DAY),
                        "date_to": today - ONE_DAY,
                    }
                ).sudo().state = "queued"

    def _show_progress(self, percent):
        """Show how far it is, in a transaction of its own: those around it last as long
        as the work."""
        with self.env.registry.cursor() as cr:
            self.with_env(self.env(cr=cr)).progress = percent

    def _fail(self, reason):
        """It leaves no messages: those of one policy alone would mislead."""
        self.env.cr.execute(
            SQL("DELETE FROM dunning_replay_message WHERE replay_id = %s", self.id)
        )
        self.invalidate_recordset()
        self.write({"state": "failed", "error": reason})

    @api.autovacuum
    def _gc_replays(self):
        """Forget replays after 30 days: they are answers to questions of then."""
        limit = self.env.cr.now() - timedelta(days=30)
        old = self.search([("create_date", "<", limit)], limit=100)
        old.unlink()
        return len(old), len(old) == 100
