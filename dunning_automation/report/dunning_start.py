import re

from odoo import api, models
from odoo.fields import Domain

from ..models.dunning_ledger import VALID_EMAIL
from ..tools.start_steps import STEPS, get_state

ADDRESS_FIELDS = ("street", "city", "country_id")


class DunningStart(models.AbstractModel):
    """The set-up page: what is done and what comes next, for the current company.

    Reads only. Each step is proven by what is in the database, so it is done wherever
    it was done; what nothing proves is ticked off (``dunning.start.mark``).
    """

    _name = "dunning.start"
    _description = "Set-up of Collections"

    @api.model
    def get_start(self):
        """All that the page shows, but the findings.

        :return: dict with the name of the ``company``, whether the user ``can_tick``
            steps off, and the ``steps``: dicts with ``code``, ``state`` (``todo``,
            ``done``, ``skipped``), ``is_ticked``, ``title``, ``sentence``, ``hint``
            (what is missing, or empty), ``button`` and ``action`` (None: the list
            below, False: the user may not go there)
        """
        self.env["dunning.data.quality"]._check_reader()
        company = self.env.company
        marks = self.env["dunning.start.mark"].sudo()
        ticked = set(
            marks.search([("company_id", "=", company.id)]).mapped("code"),
        )
        is_manager = self.env.user.has_group("dunning_automation.group_manager")
        return {
            "company": company.name,
            "can_tick": is_manager,
            "steps": [self._prepare_step(step, ticked) for step in STEPS],
        }

    def _prepare_step(self, step, ticked):
        is_done, hint = getattr(self.sudo(), f"_check_{step.code}")()
        is_ticked = step.code in ticked
        state = get_state(step.code, is_done, is_ticked)
        return {
            "code": step.code,
            "state": state,
            "is_ticked": is_ticked,
            "title": self.env._(step.title),
            "sentence": self.env._(step.done if state == "done" else step.todo),
            "hint": hint if state != "done" else "",
            "button": self.env._(step.button),
            "action": getattr(self, f"_get_{step.code}_action")(),
        }

    @api.model
    def _get_action(self, name):
        return self.env["ir.actions.actions"]._for_xml_id(f"dunning_automation.{name}")

    def _is_manager(self):
        return self.env.user.has_group("dunning_automation.group_manager")

    # === THE STEPS: are they done (and what is missing), where is it done? === #

    def _check_mail_server(self):
        return bool(self.env["ir.mail_server"].search_count([], limit=1)), ""

    def _get_mail_server_action(self):
        if not self.env["ir.mail_server"].has_access("create"):
            return False
        return self.env["ir.actions.actions"]._for_xml_id(
            "base.action_ir_mail_server_list"
        )

    def _check_company(self):
        partner = self.env.company.partner_id
        gaps = [
            partner._fields[name]._description_string(self.env)
            for name in ADDRESS_FIELDS
            if not partner[name]
        ]
        if not re.search(VALID_EMAIL, partner.email_normalized or ""):
            gaps.append(self.env._("e-mail"))
        if not partner.bank_ids:
            gaps.append(self.env._("bank account"))
        return not gaps, self.env._("Missing: %s.", gaps) if gaps else ""

    def _get_company_action(self):
        """The contact has it all: address, e-mail and bank accounts."""
        if not self.env["res.partner"].has_access("write"):
            return False
        return self.env.company.partner_id._get_records_action(
            name=self.env.company.name
        )

    def _check_policy(self):
        """Somebody made one, or changed the one that came with the installation."""
        policies = self.env["dunning.policy"].search(
            [("company_id", "parent_of", self.env.company.id)]
        )
        changed = policies.filtered(
            lambda policy: policy.write_date > policy.create_date
        )
        return len(policies) > 1 or bool(changed), ""

    def _get_policy_action(self):
        return self._is_manager() and self._get_action("dunning_policy_choice_action")

    def _check_data(self):
        return False, ""

    def _get_data_action(self):
        return None

    def _check_simulation(self):
        return self._has_run(Domain("simulation", "=", True)), ""

    def _get_simulation_action(self):
        if not self._is_manager():
            return False
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Simulation"),
            "res_model": "dunning.run",
            "views": [(False, "form")],
            "context": {"default_simulation": True},
        }

    def _check_review(self):
        """Of a real run nothing waits, or something was decided on already."""
        if not self._has_run(Domain("simulation", "=", False)):
            return False, ""
        waiting = self._count_notices(Domain("state", "=", "planned"))
        decided = self._count_notices(Domain("state", "!=", "planned"))
        hint = self.env._("Notices that wait for you: %s.", waiting) if waiting else ""
        return bool(decided or not waiting), hint

    def _get_review_action(self):
        if not self._is_manager():
            return False
        waiting = self._count_notices(Domain("state", "=", "planned"))
        return self._get_action(
            "dunning_notice_approve_action" if waiting else "dunning_run_action"
        )

    def _check_automatic(self):
        policies = self.env["dunning.policy"]._search_applicable(self.env.company)
        return "automatic" in policies.mapped("mode"), ""

    def _get_automatic_action(self):
        return self._is_manager() and self._get_action("dunning_policy_action")

    def _has_run(self, domain):
        found = domain & Domain("company_id", "=", self.env.company.id)
        found &= Domain("state", "in", ("done", "held", "discarded"))
        return bool(self.env["dunning.run"].search_count(found, limit=1))

    def _count_notices(self, domain):
        found = domain & Domain("company_id", "=", self.env.company.id)
        found &= Domain("simulation", "=", False)
        return self.env["dunning.notice"].search_count(found, limit=1000)
