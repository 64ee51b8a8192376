from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from odoo import api, fields, models

from odoo.addons.dunning_automation.tools import weighted_choice

from ..tools import bandit
from .dunning_trial import KINDS


class Choice(NamedTuple):
    """What was chosen by chance."""

    option: int
    propensity: float
    segment_id: int | None


class DunningArm(models.Model):
    """One of several ways to send a message, or to time a try to charge a refused
    payment, and how well it works so far.

    Made anew every night from the trials. Per way there is a row for all customers and
    one for each segment that it was tried with; a segment of which little is known is
    taken for what all customers are like.
    """

    _name = "dunning.arm"
    _description = "What Is Learned"
    _order = "kind, scope, segment_id desc, best desc, id"
    _log_access = False
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, "What Is Tried", required=True, readonly=True)
    scope = fields.Integer(required=True, readonly=True)
    option = fields.Integer(required=True, readonly=True)
    segment_id = fields.Many2one(
        "dunning.segment",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty = all customers.",
    )
    name = fields.Char("Way", compute="_compute_name")
    scope_name = fields.Char("For", readonly=True)
    number = fields.Integer(
        "Outcomes", readonly=True, help="Messages or tries whose outcome is known."
    )
    waiting = fields.Integer(
        "Outcome Unknown Yet",
        readonly=True,
        help="A message or a try counts when seven days, and three for the bank, are "
        "over.",
    )
    mean = fields.Float("Paid within 7 Days", readonly=True, aggregator="avg")
    low = fields.Float("From", readonly=True, aggregator=None)
    high = fields.Float(
        "To", readonly=True, aggregator=None, help="With a chance of 80 % in between."
    )
    best = fields.Float("Is the Best", readonly=True, aggregator=None)
    share = fields.Float("Chosen", readonly=True, aggregator=None)
    more = fields.Integer("More Needed", readonly=True, aggregator=None)
    evidence = fields.Char(compute="_compute_evidence")

    @api.depends("kind", "option")
    @api.depends_context("lang")
    def _compute_name(self):
        for arm in self:
            arm.name = self._get_name(arm.kind, arm.option)

    @api.depends("best", "more")
    @api.depends_context("lang")
    def _compute_evidence(self):
        for arm in self:
            arm.evidence = arm._get_evidence()

    def _get_evidence(self):
        if self.more:
            return self.env._("%s more needed", self.more)
        if self.best > bandit.SURE:
            return self.env._("Works best")
        if self.best < 1 - bandit.SURE:
            return self.env._("Another one works better")
        return self.env._("No difference that matters")

    @api.model
    def _get_name(self, kind, option):
        if kind == "hour":
            return f"{option:02}:00"
        if kind == "retry":
            return (
                self.env._("%s hours later", option)
                if option
                else self.env._("As planned")
            )
        model = {"variant": "dunning.action.variant", "channel": "dunning.action"}[kind]
        return self.env[model].sudo().browse(option).exists().display_name or ""

    # === CHOOSING === #

    @api.model
    def _draw(self, company, kind, asked):
        """Choose by chance, for a customer the same for a month while the evidence
        stays about the same. Where nothing was weighed, as of a policy that does not
        apply any more, all are as likely.

        :param asked: list of (scope, debtor id, customer id, possible options)
        :return: a ``Choice`` for each of ``asked``
        """
        known = self._get_shares(company, kind)
        if any(
            set(options) - set(known.get((scope, None), ()))
            for scope, _debtor, _partner, options in asked
        ):
            self._refresh(company)
            known = self._get_shares(company, kind)
        members = (
            self.env["dunning.segment.member"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    (
                        "partner_id",
                        "in",
                        [partner_id for _s, _d, partner_id, _o in asked],
                    ),
                ]
            )
        )
        segment_of = {it.partner_id.id: it.segment_id.id for it in members}
        today = company._dunning_today()
        found = []
        for scope, debtor, partner_id, options in asked:
            segment = segment_of.get(partner_id)
            shares = known.get((scope, segment)) or known.get((scope, None), {})
            weights = bandit.among(shares, options)
            key = bandit.key_of(f"{kind}/{scope}", debtor, today)
            option = weighted_choice.choose(weights, key)
            found.append(Choice(option, weights[option], segment))
        return found

    @api.model
    def _get_shares(self, company, kind):
        """{(scope, segment id or None): {option: share}}"""
        arms = self.search([("company_id", "=", company.id), ("kind", "=", kind)])
        found = {}
        for arm in arms:
            key = (arm.scope, arm.segment_id.id or None)
            found.setdefault(key, {})[arm.option] = arm.share
        return found

    # === LEARNING === #

    @api.model
    def _learn(self, company):
        """Nightly: credit what came of the trials and weigh the ways anew."""
        trials = self.env["dunning.trial"]
        if trials.search_count([("company_id", "=", company.id)], limit=1):
            trials._credit(company)
        self._refresh(company)

    @api.model
    def _refresh(self, company):
        policies = self.env["dunning.policy"].sudo()._search_applicable(company)
        self.search([("company_id", "=", company.id)]).unlink()
        options = policies._get_learnt_options()
        schedules = self.env["dunning.retry.schedule"].sudo()
        options |= schedules._get_learnt_options(company, policies)
        if not options:
            return
        evidence = self.env["dunning.trial"]._read_evidence(company)
        self.create(
            [
                {"company_id": company.id, "scope_name": name, **values}
                for (kind, scope), (name, ways) in options.items()
                for values in self._weigh(kind, scope, ways, evidence)
            ]
        )

    @api.model
    def _weigh(self, kind, scope, ways, evidence):
        """The values of all arms of a scope: for everybody, and for the segments."""
        mine = {
            key[2:]: row
            for key, row in evidence.items()
            if key[:2] == (kind, scope) and key[2] in ways
        }
        segments = {segment for _option, segment in mine}

        def table(*wanted):
            return np.array(
                [
                    sum(
                        (np.array(mine.get((way, it), (0,) * 4)) for it in wanted),
                        np.zeros(4),
                    )
                    for way in ways
                ]
            )

        everybody = table(*segments)
        firm = bandit.posterior(everybody[:, 0], everybody[:, 1])
        values = self._prepare(kind, scope, ways, None, everybody, firm)
        for segment in sorted(segments - {None}):
            own = table(segment)
            values += self._prepare(
                kind, scope, ways, segment, own, bandit.pooled(firm, *own[:, :2].T)
            )
        return values

    @api.model
    def _prepare(self, kind, scope, ways, segment, rows, posterior):
        """:param posterior: (a, b), see ``bandit.posterior``"""
        a, b = posterior
        best = bandit.chances_best(a, b)
        shares = bandit.shares(best)
        more = bandit.more_needed(rows[:, 0], rows[:, 1])
        return [
            {
                "kind": kind,
                "scope": scope,
                "option": way,
                "segment_id": segment,
                "number": int(rows[at, 2]),
                "waiting": int(rows[at, 3]),
                "mean": float(a[at] / (a[at] + b[at])),
                "low": float(beta.ppf(0.1, a[at], b[at])),
                "high": float(beta.ppf(0.9, a[at], b[at])),
                "best": float(best[at]),
                "share": float(shares[at]),
                "more": 0 if best.max() > bandit.SURE else more,
            }
            for at, way in enumerate(ways)
        ]
