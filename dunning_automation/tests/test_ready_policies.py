from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..tools.ready_policies import READY_POLICIES
from .common import DunningCommon

FIRST_DAY = -8
LAST_DAY = 91


@tagged("post_install", "-at_install")
class TestReadyPolicies(DunningCommon):
    def choose(self, template, **values):
        """Make the policy of a template as a manager does."""
        form = Form(self.env["dunning.policy.choice"])
        form.template = template
        for name, value in values.items():
            form[name] = value
        action = form.save().action_create_policy()
        return self.env["dunning.policy"].browse(action["res_id"])

    # === THE LADDERS === #

    def test_each_keeps_the_rules(self):
        """In review, with an interval that does not push a rung beyond its day, formal
        only after firm, and a person decides on the hand-over."""
        tones = ["courtesy", "friendly", "firm", "final", "handover"]
        for template, ready in READY_POLICIES.items():
            with self.subTest(template):
                policy = self.choose(template)
                self.assertEqual(policy.mode, "review")
                levels = policy.level_ids.sorted("delay_days")
                self.assertEqual(len(levels), len(ready["levels"]))
                for earlier, later in zip(levels, levels[1:], strict=False):
                    distance = later.delay_days - earlier.delay_days
                    self.assertLessEqual(later.min_interval_days, distance)
                ranks = [tones.index(level.tone) for level in levels]
                self.assertEqual(ranks, sorted(ranks))
                self.assertEqual(levels[-1].action_ids.channel, "activity")

    def test_each_plans_what_its_ladder_says(self):
        """Table: policy x day -> channels. One invoice per policy from before its due
        date to the end; what is planned is done on the same day."""
        ladders = {
            "business_gentle": {
                -7: ["email"],
                5: ["email"],
                15: ["email"],
                30: ["email"],
                45: ["email", "phone"],
                60: ["activity"],
            },
            "business_firm": {
                -3: ["email"],
                1: ["email"],
                8: ["email"],
                15: ["email", "letter"],
                22: ["email", "phone"],
                30: ["activity"],
            },
            "consumer": {
                4: ["email"],
                18: ["email"],
                35: ["email", "letter"],
                55: ["activity"],
            },
            "public": {
                7: ["email"],
                20: ["phone"],
                35: ["email"],
                60: ["email", "letter"],
                90: ["activity"],
            },
            "key": {
                3: ["notification"],
                10: ["email"],
                20: ["phone"],
                35: ["email"],
                60: ["activity"],
            },
            "subscription": {
                -3: ["email"],
                1: ["email"],
                5: ["email"],
                12: ["email"],
                20: ["email"],
                28: ["activity"],
            },
        }
        self.assertEqual(ladders.keys(), READY_POLICIES.keys())
        customers = {
            template: self._create_customer(
                name=template,
                phone="+1 555 0100",
                street="1 Road",
                city="Town",
                country_id=self.env.ref("base.us").id,
                dunning_policy_id=self.choose(template).id,
            )
            for template in ladders
        }
        self.invoices(
            [{"partner": customer} for customer in customers.values()], FIRST_DAY
        )
        days = {
            day + extra
            for plan in ladders.values()
            for day in plan
            for extra in (-1, 0)
        }
        done = {template: {} for template in ladders}
        now = FIRST_DAY
        for day in sorted(days):
            self.run_on(day - now)
            now = day
            notices = self.env["dunning.notice"].search([("state", "=", "planned")])
            notices.sudo()._set_state("ready")
            if notices:
                self.send(notices)
            for notice in notices:
                channels = done[notice.partner_id.name].setdefault(day, [])
                channels.append(notice.channel)
                self.assertEqual(notice.level_id.delay_days, day)
        for template, ladder in ladders.items():
            with self.subTest(template):
                found = {day: sorted(found) for day, found in done[template].items()}
                self.assertEqual(found, ladder)

    def test_consumers_without_email_get_letters(self):
        self.choose("consumer")
        person = self._create_customer(
            is_company=False,
            email=False,
            street="1 Road",
            city="Town",
            country_id=self.env.ref("base.us").id,
        )
        self.invoice(person, days_overdue=5)
        self.run_on()
        self.assertEqual(self.notices(person).mapped("channel"), ["letter"])

    def test_key_accounts_firm_only_when_much_is_overdue(self):
        customer = self._create_customer(dunning_policy_id=self.choose("key").id)
        for days_ahead, amount, reminded in [(60, 10000.0, False), (61, -9990.0, True)]:
            with self.subTest(amount=amount):
                if amount > 0:
                    overdue = self.invoice(customer, days_overdue=40)
                    future = self.invoice(customer, -days_ahead, amount)
                    for delay in (3, 10, 20):
                        self.told(
                            overdue,
                            delay,
                            40 - delay,
                            policy=customer.dunning_policy_id,
                        )
                else:
                    future.button_draft()
                    future.button_cancel()
                self.run_on()
                self.assertEqual(
                    bool(self.notices(customer, state="planned")), reminded
                )

    # === WHERE THE POLICY COMES === #

    def test_general_one_comes_before_the_general_one(self):
        """It applies, the one that applied is kept and says why it does not any more;
        a policy with a filter still comes first."""
        vip = self._create_policy(sequence=1, partner_domain="[('ref', '=', 'VIP')]")
        before = self.policy.read(["sequence", "partner_domain", "mode", "level_ids"])
        policy = self.choose("business_firm")
        self.assertFalse(policy.hidden_by_id)
        self.assertEqual(self.policy.hidden_by_id, policy)
        self.assertEqual(before, self.policy.read(list(before[0])))
        self.assertFalse(vip.hidden_by_id)
        rows = [
            (self._create_customer(), policy),
            (self._create_customer(ref="VIP"), vip),
        ]
        for customer, expected in rows:
            invoice = self.invoice(customer)
            self.run_on()
            self.assertEqual(self.decisions(invoice).policy_id, expected)

    def test_filtered_one_comes_first(self):
        policy = self.choose("consumer")
        person = self._create_customer(is_company=False)
        invoices = [(self.invoice(person), policy), (self.invoice(), self.policy)]
        self.run_on()
        for invoice, expected in invoices:
            self.assertEqual(self.decisions(invoice).policy_id, expected)

    def test_for_customers_with_a_tag(self):
        tag = self.env["res.partner.category"].create({"name": "Public sector"})
        policy = self.choose("public")
        self.assertEqual(policy.partner_domain, f"[('category_id', 'in', [{tag.id}])]")
        office = self._create_customer(category_id=tag.ids)
        invoices = [(self.invoice(office), policy), (self.invoice(), self.policy)]
        self.run_on()
        for invoice, expected in invoices:
            self.assertEqual(self.decisions(invoice).policy_id, expected)

    def test_without_a_tag_it_is_chosen_on_the_customer(self):
        policy = self.choose("key")
        self.assertEqual(policy.hidden_by_id, self.policy)
        self.assertFalse(self.policy.hidden_by_id)
        large = self._create_customer(dunning_policy_id=policy.id)
        invoice = self.invoice(large)
        self.run_on()
        self.assertEqual(self.decisions(invoice).policy_id, policy)

    def test_says_before_what_changes(self):
        for template, empty, words in [
            ("business_firm", False, "Policy"),
            ("consumer", False, "Comes first"),
            ("key", False, "comes last"),
            ("business_firm", True, "no other policy fits"),
            ("key", True, "comes last"),
        ]:
            with self.subTest(template=template, empty=empty):
                self.policy.active = not empty
                form = Form(self.env["dunning.policy.choice"])
                form.template = template
                self.assertIn(words, form.effect)

    def test_first_policy_of_a_company(self):
        self.policy.active = False
        for template in READY_POLICIES:
            policy = self.choose(template)
            self.assertTrue(policy.active)

    def test_each_company_for_itself(self):
        other = self.setup_other_company()["company"]
        policy = self.choose("business_firm", company_id=other)
        self.assertEqual(policy.company_id, other)
        self.assertFalse(self.policy.hidden_by_id)

    # === CHOOSING === #

    def test_cards_show_the_ladders(self):
        form = Form(self.env["dunning.policy.choice"])
        cards = {card["code"]: card for card in form.cards}
        self.assertEqual(cards.keys(), READY_POLICIES.keys())
        self.assertEqual(
            cards["business_firm"]["rungs"][3]["words"], "E-mail and Letter"
        )
        self.assertEqual(cards["consumer"]["rungs"][0]["words"], "E-mail or Letter")

    def test_found_in_the_list_of_policies(self):
        help_text = self.env.ref("dunning_automation.dunning_policy_action").help
        action = self.env.ref("dunning_automation.dunning_policy_choice_action")
        [link] = html.fromstring(f"<div>{help_text}</div>").xpath("//a[@type='action']")
        self.assertEqual(link.get("name"), str(action.id))

    def test_managers_only(self):
        for login, group in [
            ("ready_user", "dunning_automation.group_user"),
            ("ready_reader", "account.group_account_readonly"),
        ]:
            user = self.new_user(login, group)
            with self.subTest(login), self.assertRaises(AccessError):
                self.env["dunning.policy.choice"].with_user(user).create({})
        boss = self.new_user("ready_boss", "dunning_automation.group_manager")
        choice = self.env["dunning.policy.choice"].with_user(boss).create({})
        action = choice.action_create_policy()
        policy = self.env["dunning.policy"].browse(action["res_id"])
        self.assertEqual(policy.user_id, boss)
