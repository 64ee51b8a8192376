from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

from ..tools import worklist
from ..tools.channels import INTERNAL

READ_MODELS = (
    "dunning.case",
    "dunning.decision",
    "dunning.exposure",
    "dunning.promise",
    "dunning.reply",
)
MISSED = ("broken", "partial")
MOVING = {
    "promise_made",
    "promise_kept",
    "promise_partially_kept",
    "promise_broken",
    "promise_cancelled",
    "reply_received",
    "reply_handled",
}
"""Kinds of events that change the order between two daily runs."""
REORDER = "dunning_automation.reorder"


class DunningWorklist(models.AbstractModel):
    """The collector's day: which case comes first, why, and what can be done there.

    Mixin of ``dunning.case``. The order is stored (``priority_rank``, then
    ``expected_loss``) and kept by one statement for any number of cases, so that a list
    reads its first page from an index; what explains it is computed for the rows that
    are seen.
    """

    _name = "dunning.worklist"
    _description = "Dunning Worklist"

    why_now = fields.Char(compute="_compute_why_now")
    last_contact_date = fields.Date("Last Contact", compute="_compute_last_contact")
    risk_reasons = fields.Char(compute="_compute_risk_reasons")

    # === THE ORDER === #

    @api.model
    def _refresh_worklist(self, company, cases=None):
        """Bring risk, promises, answers and the order of open cases up to date.

        :param cases: only these; None = all of ``company``
        """
        for model_name in READ_MODELS:
            self.env[model_name].flush_model()
        self.env.cr.execute(self._get_refresh_sql(company, cases))
        self.env["dunning.case"].invalidate_model()

    @api.model
    def _reorder_after(self, events):
        """The order follows what happened: once, just before the commit, for all that
        happened in this transaction."""
        moving = events.filtered(lambda event: event.kind in MOVING)
        debtors = {(event.company_id.id, event.partner_id.id) for event in moving}
        precommit = self.env.cr.precommit
        if debtors and REORDER not in precommit.data:
            precommit.data[REORDER] = set()
            precommit.add(self.sudo().browse()._reorder_collected)
        if debtors:
            precommit.data[REORDER].update(debtors)

    @api.model
    def _reorder_collected(self):
        debtors = self.env.cr.precommit.data.pop(REORDER, set())
        cases = self.env["dunning.case"].search(
            [
                ("company_id", "in", [company_id for company_id, _partner in debtors]),
                ("partner_id", "in", [partner_id for _company, partner_id in debtors]),
                ("state", "=", "open"),
            ]
        )
        cases._refresh_priority()

    def _refresh_priority(self):
        """Bring the order of these cases up to date."""
        for company, cases in self.grouped("company_id").items():
            self.sudo()._refresh_worklist(company, cases)

    @api.model
    def _get_refresh_sql(self, company, cases):
        return SQL(
            """
            WITH concerned AS (
                SELECT debt_case.id, debt_case.partner_id, debt_case.overdue_amount
                  FROM dunning_case debt_case
                 WHERE debt_case.company_id = %(company)s
                   AND debt_case.state = 'open'
                   AND %(chosen)s
            ), promise AS (
                SELECT partner_id, MIN(date) FILTER (WHERE state = 'open') AS next_date,
                       COUNT(*) FILTER (WHERE state = 'broken') AS broken,
                       bool_or(state = 'open' AND date <= %(today)s
                               OR state IN %(missed)s
                               AND date_decided >= %(fresh)s)
                           AS urgent
                  FROM dunning_promise
                 WHERE company_id = %(company)s
                   AND partner_id IN (SELECT partner_id FROM concerned)
                 GROUP BY partner_id
            ), answer AS (
                SELECT DISTINCT case_id
                  FROM dunning_reply
                 WHERE state = 'open'
            ), decided AS (
                SELECT partner_id, bool_and(reason IN %(waiting_reasons)s) AS waits
                  FROM dunning_decision
                 WHERE company_id = %(company)s
                   AND outcome != 'settled'
                   AND date_due < %(today)s
                   AND partner_id IN (SELECT partner_id FROM concerned)
                 GROUP BY partner_id
            ), fresh AS (
                SELECT concerned.id, COALESCE(%(score)s, 0) AS risk_score,
                       exposure.band AS risk_band,
                       ROUND(GREATEST(concerned.overdue_amount, 0)
                             * COALESCE(%(score)s, 0)::numeric, %(digits)s)
                           AS expected_loss,
                       promise.next_date, COALESCE(promise.broken, 0) AS broken,
                       answer.case_id IS NOT NULL AS open_reply,
                       CASE WHEN promise.urgent THEN %(due)s
                            WHEN answer.case_id IS NOT NULL THEN %(answer)s
                            WHEN decided.waits THEN %(waiting)s
                            ELSE %(rest)s END AS rank
                  FROM concerned
             LEFT JOIN dunning_exposure exposure
                    ON exposure.partner_id = concerned.partner_id
                   AND exposure.company_id = %(company)s
             LEFT JOIN promise ON promise.partner_id = concerned.partner_id
             LEFT JOIN answer ON answer.case_id = concerned.id
             LEFT JOIN decided ON decided.partner_id = concerned.partner_id
            )
            UPDATE dunning_case target
               SET risk_score = fresh.risk_score, risk_band = fresh.risk_band,
                   expected_loss = fresh.expected_loss,
                   next_promise_date = fresh.next_date,
                   broken_promises = fresh.broken, open_reply = fresh.open_reply,
                   priority_rank = fresh.rank,
                   -- What came in after a collector was done brings the case back.
                   done_on = CASE WHEN fresh.rank >= target.priority_rank
                                    OR fresh.rank > %(answer)s
                                  THEN target.done_on END
              FROM fresh
             WHERE target.id = fresh.id
               AND (target.risk_score, target.risk_band, target.expected_loss,
                    target.next_promise_date, target.broken_promises,
                    target.open_reply, target.priority_rank)
                   IS DISTINCT FROM
                   (fresh.risk_score, fresh.risk_band, fresh.expected_loss,
                    fresh.next_date, fresh.broken, fresh.open_reply, fresh.rank)
            """,
            answer=worklist.ANSWER,
            chosen=SQL("TRUE")
            if cases is None
            else SQL("debt_case.id = ANY(%s)", cases.ids),
            company=company.id,
            digits=company.currency_id.decimal_places,
            due=worklist.DUE,
            fresh=self._get_fresh_date(company),
            missed=MISSED,
            rest=worklist.REST,
            score=self._get_score_sql(company),
            today=company._dunning_today(),
            waiting=worklist.WAITING,
            waiting_reasons=worklist.WAITING_REASONS,
        )

    @api.model
    def _get_score_sql(self, company):
        """The risk that orders the worklist of ``company``, of ``exposure``."""
        return SQL("exposure.score")

    @api.model
    def _get_fresh_date(self, company):
        """A promise that was broken on this day or later was broken just now."""
        return company._dunning_today() - timedelta(days=worklist.FRESH_DAYS)

    # === WHY NOW === #

    @api.depends("priority_rank", "overdue_amount", "oldest_due_date", "risk_band")
    @api.depends_context("lang")
    def _compute_why_now(self):
        """A constant number of queries for all rows of a page."""
        sayings = [
            self._say_promises(),
            self._say_answers(),
            self._say_notices(),
            self._say_waiting(),
            self._say_put_off(),
        ]
        for case in self:
            case.why_now = next(
                (said[case.id] for said in sayings if said.get(case.id)),
                case._say_arrears(),
            )

    def _say_promises(self):
        """{case id: words} where a promise is due or was just broken."""
        urgent = self.filtered(lambda case: case.priority_rank == worklist.DUE)
        if not urgent:
            return {}
        promises = self.env["dunning.promise"].search(
            [
                ("partner_id", "in", urgent.partner_id.ids),
                ("company_id", "in", urgent.company_id.ids),
                ("state", "in", ("open", *MISSED)),
            ],
            order="date_decided desc, date, id",
        )
        said = {}
        by_debtor = promises.grouped(lambda row: (row.partner_id, row.company_id))
        for case in urgent:
            today = case.company_id._dunning_today()
            found = by_debtor.get((case.partner_id, case.company_id), promises[:0])
            due = found.filtered(
                lambda row, today=today: row.state == "open" and row.date <= today
            )
            for promise in (due or found.filtered(lambda row: row.state != "open"))[:1]:
                said[case.id] = self._say_promise(promise, today)
        return said

    @api.model
    def _say_promise(self, promise, today):
        figures = {
            "amount": format_amount(self.env, promise.amount, promise.currency_id),
            "date": format_date(self.env, promise.date),
        }
        if promise.state == "broken":
            return self.env._("Promise of %(amount)s for %(date)s broken", **figures)
        if promise.state == "partial":
            return self.env._(
                "Promise of %(amount)s for %(date)s kept in part only", **figures
            )
        if promise.date == today:
            return self.env._("Promise of %(amount)s due today", **figures)
        return self.env._("Promise of %(amount)s was due on %(date)s", **figures)

    def _say_answers(self):
        waiting = self.filtered("open_reply")
        if not waiting:
            return {}
        replies = self.env["dunning.reply"].search(
            [("case_id", "in", waiting.ids), ("state", "=", "open")], order="id desc"
        )
        guesses = dict(replies._fields["suggestion"]._description_selection(self.env))
        return {
            reply.case_id.id: self.env._("Answer waits: %s", guesses[reply.suggestion])
            if guesses.get(reply.suggestion)
            else self.env._("An answer waits")
            for reply in replies
        }

    def _say_notices(self):
        """{case id: words} where a notice needs a person."""
        words = {
            "unknown": self.env._("Unknown whether the notice arrived"),
            "failed": self.env._("A notice failed"),
            "planned": self.env._("A notice waits for approval"),
        }
        rows = self.env["dunning.notice"]._read_group(
            [
                ("case_id", "in", self.ids),
                ("state", "in", list(words)),
                ("simulation", "=", False),
            ],
            ["case_id", "state"],
        )
        states = {}
        for case, state in rows:
            states.setdefault(case.id, set()).add(state)
        return {
            case_id: next(word for state, word in words.items() if state in found)
            for case_id, found in states.items()
        }

    def _say_waiting(self):
        """{case id: words} where there is nothing to do at the moment."""
        waiting = self.filtered(lambda case: case.priority_rank == worklist.WAITING)
        if not waiting:
            return {}
        rows = self.env["dunning.decision"]._read_group(
            [
                ("partner_id", "in", waiting.partner_id.ids),
                ("company_id", "in", waiting.company_id.ids),
                ("reason", "in", worklist.WAITING_REASONS),
            ],
            ["partner_id", "company_id", "reason"],
            order="__count DESC",
        )
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        first = {}
        for partner, company, reason in rows:
            first.setdefault((partner, company), reasons[reason])
        return {
            case.id: first.get((case.partner_id, case.company_id)) for case in waiting
        }

    def _say_arrears(self):
        """What there is to say if nothing happened: how long it has been due."""
        self.ensure_one()
        if self.state == "closed":
            return self.env._("Nothing is owed any more")
        days = 0
        if self.overdue_amount > 0 and self.oldest_due_date:
            days = (self.company_id._dunning_today() - self.oldest_due_date).days
        if days <= 0:
            return self.env._("Nothing is overdue yet")
        words = self.env["dunning.exposure"]._say_days_overdue(days)
        if not self.risk_band:
            return words
        bands = dict(self._fields["risk_band"]._description_selection(self.env))
        risk = self.env._("%s risk", bands[self.risk_band].lower())
        return f"{words}, {risk}"

    def _compute_last_contact(self):
        """The last day on which the customer heard from us."""
        dates = dict(
            self.env["dunning.notice"]._read_group(
                [
                    ("case_id", "in", self.ids),
                    ("state", "in", ("sent", "delivered")),
                    ("channel", "not in", INTERNAL),
                ],
                ["case_id"],
                ["date_sent:max"],
            )
        )
        calls = dict(
            self.env["dunning.call"]._read_group(
                [("case_id", "in", self.ids)], ["case_id"], ["date:max"]
            )
        )
        for case in self:
            moments = filter(None, (dates.get(case), calls.get(case)))
            last = max(map(fields.Datetime.to_datetime, moments), default=False)
            case.last_contact_date = last and self.env["dunning.run"]._local_date(
                case.company_id._dunning_timezone(), last
            )

    @api.depends("partner_id", "company_id")
    @api.depends_context("lang")
    def _compute_risk_reasons(self):
        for company, cases in self.grouped("company_id").items():
            exposures = self.env["dunning.exposure"]._search_of(
                cases.partner_id, company
            )
            for case in cases:
                exposure = exposures.get(case.partner_id)
                case.risk_reasons = exposure._get_words() if exposure else False

    # === QUICK ACTIONS === #

    def action_new_promise(self):
        """Ask what the customer promised to pay."""
        return self._open_dialog("dunning_automation.dunning_promise_new_action")

    def action_new_dispute(self):
        """Ask what the customer disputes."""
        return self._open_dialog("dunning_automation.dunning_dispute_new_action")

    def action_new_plan(self):
        """Agree on instalments."""
        return self._open_dialog("dunning_automation.dunning_plan_new_action")

    def action_new_hold(self):
        """Ask why, and until when, nothing shall be sent."""
        return self._open_dialog("dunning_automation.dunning_hold_new_action")

    def action_note(self):
        """Write a note into the chatter; nobody outside sees it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Note"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_subtype_xmlid": "mail.mt_note",
            },
        }

    def action_send_now(self):
        """Let out what waits for these customers: approved here, sent by the sender's
        job. Where there is nothing to let out, say why."""
        self.ensure_one()
        self._check_collector()
        pending = self.env["dunning.notice"].search(
            [
                ("case_id", "=", self.id),
                ("simulation", "=", False),
                ("state", "in", ("planned", "ready", "claimed", "failed", "unknown")),
            ]
        )
        by_state = pending.grouped("state")
        planned = by_state.get("planned", pending[:0])
        if planned and not self.env.user.has_group("dunning_automation.group_manager"):
            return self._tell_user(
                self.env._(
                    "%s notices wait for a manager's approval: only then they leave.",
                    len(planned),
                )
            )
        if planned:
            planned.action_approve()
        if planned or "ready" in by_state or "claimed" in by_state:
            pending._trigger_delivery()
            return self._tell_user(*self._say_leaving())
        if pending:
            return self._tell_user(
                self.env._(
                    "The last notice failed, or nobody knows whether it arrived: "
                    "settle it under Notices first."
                )
            )
        return self._tell_user(self._say_nothing_due())

    def _say_leaving(self):
        """(words, kind) about notices that are ready."""
        if hold := self.env["dunning.guard"]._get_hold(self.company_id):
            return hold, "warning"
        if words := self._say_put_off().get(self.id):
            return (
                self.env._(
                    "%s. To send it all the same, open it under Notices.", words
                ),
                "warning",
            )
        return self.env._("It is in the queue and leaves in a moment."), "success"

    def _say_nothing_due(self):
        decisions = self.env["dunning.decision"].search(
            self._get_open_items_domain(), order="next_date, id", limit=1
        )
        if not decisions:
            return self.env._("Nothing is owed any more.")
        return self.env._("Nothing is due to be sent: %s.", decisions.explanation)

    @api.model
    def _tell_user(self, message, kind="warning"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _check_collector(self):
        if not self.env.user.has_group("dunning_automation.group_user"):
            raise AccessError(self.env._("Only collections users work on cases."))

    # === THE NEXT CASE === #

    def action_next_case(self, listed=None):
        """This case is done for today; open the next one.

        :param listed: ids of the list that the collector comes from: the next of them
            that is still to do comes first, then the next of his worklist
        """
        self.ensure_one()
        self._check_collector()
        self.done_on = self.company_id._dunning_today()
        following = self._search_listed(listed or []) or self._search_next()
        if not following:
            return self._tell_user(
                self.env._("That was the last one: your day is done."), "success"
            )
        return following._get_records_action(name=following.display_name)

    def _search_listed(self, listed):
        if self.id not in listed:
            return self.browse()
        after = listed[listed.index(self.id) + 1 :]
        todo = self.search(Domain("id", "in", after) & self._get_todo_domain())
        return todo.sorted(lambda case: after.index(case.id))[:1]

    def _search_next(self):
        """The next case to do after this one in the order of the model; from the top
        when there is none."""
        mine = self._get_todo_domain() & Domain("user_id", "in", (self.env.uid, False))
        after = (
            Domain("priority_rank", ">", self.priority_rank)
            | Domain("priority_rank", "=", self.priority_rank)
            & Domain("expected_loss", "<", self.expected_loss)
            | Domain("priority_rank", "=", self.priority_rank)
            & Domain("expected_loss", "=", self.expected_loss)
            & Domain("id", ">", self.id)
        )
        return self.search(mine & after, limit=1) or self.search(
            mine & Domain("id", "!=", self.id), limit=1
        )

    @api.model
    def _get_todo_domain(self):
        """Open and not worked on today."""
        today = self.env.company._dunning_today()
        return Domain("state", "=", "open") & (
            Domain("done_on", "=", False) | Domain("done_on", "<", today)
        )
