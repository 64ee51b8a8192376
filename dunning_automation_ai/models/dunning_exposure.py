from odoo import api, fields, models
from odoo.tools import SQL, format_date

from odoo.addons.dunning_automation.tools import risk

from ..tools import customer_risk


class DunningExposure(models.Model):
    _inherit = "dunning.exposure"

    rule_score = fields.Float(
        "Risk by the Rule",
        readonly=True,
        aggregator="avg",
        help="As it would be without predictions and without a person's decision.",
    )

    @api.model
    def _store(self, company, today, rows):
        """A person's decision counts first, then the model in use, then the rule.

        Customers without a case are rated, too, where something of theirs is open.
        """
        champion = self.env["dunning.risk.model"]._get_champion(company)
        stays_open = {}
        if champion:
            stays_open = self.env["dunning.prediction"]._get_stays_open(company)
        manual = self.env["res.partner"]._dunning_get_manual_risks(company, today)
        by_rule = {partner_id: (score, why) for partner_id, score, why in rows}
        known = self.env["res.partner"].browse(stays_open.keys() | manual.keys())
        others = [partner_id for partner_id in known.exists().ids]
        partner_ids = dict.fromkeys([*by_rule, *others])
        day = fields.Date.to_string(champion.date) if champion else None
        judged = [
            self._judge(
                partner_id,
                by_rule.get(partner_id),
                stays_open.get(partner_id),
                manual.get(partner_id),
                day,
            )
            for partner_id in partner_ids
        ]
        result = super()._store(company, today, judged)
        self._store_rule_scores(company, rows)
        if self.env["dunning.risk.score"].sudo()._keep(company, today):
            company._dunning_evaluate_again()
        return result

    @api.model
    def _judge(self, partner_id, by_rule, stays_open, manual, day):
        """The row of one customer: id, score and reasons."""
        if manual:
            band, until, why = manual
            reasons = [["manual", band, until], why]
            return partner_id, customer_risk.MANUAL[band], reasons
        if stays_open is None:
            return partner_id, *by_rule
        history = self._get_own_records(by_rule[1] if by_rule else [])
        return (
            partner_id,
            customer_risk.score(stays_open, history),
            customer_risk.reasons(stays_open, history, day),
        )

    @api.model
    def _get_own_records(self, reasons):
        """Broken promises and earlier episodes, as the rule named them."""
        said = {
            reason[0]: reason[1]
            for reason in reasons
            if not isinstance(reason, str) and reason[0] in customer_risk.OWN_RECORDS
        }
        return risk.History(**said)

    @api.model
    def _store_rule_scores(self, company, rows):
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_exposure exposure
                   SET rule_score = given.score
                  FROM UNNEST(%(partners)s::int[], %(scores)s::float[])
                       AS given (partner_id, score)
                 WHERE exposure.company_id = %(company)s
                   AND exposure.partner_id = given.partner_id
                   AND exposure.rule_score IS DISTINCT FROM given.score
                """,
                company=company.id,
                partners=[partner_id for partner_id, *_others in rows],
                scores=[score for _partner_id, score, _reasons in rows],
            )
        )
        self.invalidate_model(["rule_score"])

    # === READING === #

    def _get_source(self):
        """Who rated the customer: a person, a model or the rule."""
        self.ensure_one()
        first = (self.reasons or [""])[0]
        code = first[0] if isinstance(first, list) else ""
        if code == "manual":
            return self.env._("A person")
        if code == "stays_open":
            return self.env._("Model of %s", format_date(self.env, first[2]))
        return self.env._("Rule")

    @api.model
    def _get_reason_words(self, code, *figures):
        if code == "stays_open":
            return self.env._("%s %% likely to be still out in 30 days", figures[0])
        if code == "manual":
            return self.env._(
                "set by a person until %s", format_date(self.env, figures[1])
            )
        return super()._get_reason_words(code, *figures)
