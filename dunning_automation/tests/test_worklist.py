import json
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..tools import aging, worklist
from .common import DunningCommon


class WorklistCommon(DunningCommon):
    def case(self, partner=None):
        return self.env["dunning.case"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )

    def cases(self, number, **values):
        """Open cases of new customers, the first the oldest debt."""
        customers = self._create_customers(number)
        self.invoices(
            [
                {"partner": customer, "days_overdue": 8 + position, **values}
                for position, customer in enumerate(reversed(customers), 1)
            ]
        )
        self.run_on()
        cases = self.env["dunning.case"].search(
            [("partner_id", "in", customers.ids)], order="partner_id"
        )
        self.assertEqual(len(cases), number)
        return cases

    def collector(self, login="w_collector", group="user"):
        return self.new_user(login, f"dunning_automation.group_{group}")

    def specification(self, view_type, user):
        """What the web client asks for in a view of the case."""
        model = self.env["dunning.case"].with_user(user)
        arch = model.get_views([(False, view_type)])["views"][view_type]["arch"]
        return self._specify(etree.fromstring(arch), model)

    def _specify(self, node, model):
        found = {}
        for child in node:
            if child.tag != "field":
                found |= self._specify(child, model)
                continue
            field = model._fields[child.get("name")]
            found[field.name] = {}
            listed = child.find("list")
            if field.type == "many2one":
                found[field.name] = {"fields": {"display_name": {}}}
            elif listed is not None:
                found[field.name] = {
                    "fields": self._specify(listed, self.env[field.comodel_name]),
                    "limit": int(listed.get("limit", 40)),
                }
        return found

    def rank(self, case, **values):
        """Write what the system keeps."""
        case.sudo().write(values)
        self.env.flush_all()


@tagged("post_install", "-at_install")
class TestWorklist(WorklistCommon):
    def test_value_at_risk(self):
        """What is overdue times the risk; what is not due yet is not at risk."""
        self.invoice(days_overdue=60, amount=1000)
        self.invoice(days_overdue=-20, amount=5000)
        self.run_on()
        case = self.case()
        score = case.risk_score
        self.assertEqual(score, self.customer.dunning_risk_score)
        self.assertEqual(case.risk_band, "medium")
        self.assertAlmostEqual(case.expected_loss, 1000 * score, 2)
        self.pay(self.env["account.move"].search([("amount_total", "=", 1000)]))
        self.run_on(days=1)
        self.assertEqual(case.expected_loss, 0)

    def test_a_closed_case_has_nothing_at_risk(self):
        invoice = self.invoice(days_overdue=60)
        self.run_on()
        self.pay(invoice)
        self.run_on(days=1)
        self.assertEqual(self.case().state, "closed")
        self.assertEqual(self.case().expected_loss, 0)

    def test_order(self):
        """Promises due or just broken, then answers, then by value at risk, and last
        what waits for something."""
        table = [
            # name, rank, value at risk
            ("promise, much", worklist.DUE, 100),
            ("promise, little", worklist.DUE, 1),
            ("answer", worklist.ANSWER, 5),
            ("much", worklist.REST, 900),
            ("same, earlier", worklist.REST, 50),
            ("same, later", worklist.REST, 50),
            ("nothing", worklist.REST, 0),
            ("waits", worklist.WAITING, 5000),
        ]
        cases = self.cases(len(table))
        for position in (3, 0, 7, 1, 6, 2, 4, 5):
            _name, rank, loss = table[position]
            self.rank(cases[position], priority_rank=rank, expected_loss=loss)
        found = self.env["dunning.case"].search([("id", "in", cases.ids)])
        self.assertEqual(found.ids, cases.ids)

    def test_rank_by_holds_in_the_ledger(self):
        """Where every overdue item waits for something, others come first."""
        credited, half, normal = self._create_customers(3)
        for customer in (credited, half, normal):
            self.invoice(customer, days_overdue=40)
        self.invoice(half, days_overdue=9, amount=30)
        self.run_on()
        self.credit_note(credited, amount=200)
        self.credit_note(half, amount=100)
        self.run_on(days=1)
        ranks = [
            self.case(partner).priority_rank for partner in (credited, half, normal)
        ]
        self.assertEqual(ranks, [worklist.WAITING, worklist.REST, worklist.REST])
        self.assertEqual(
            self.case(credited).why_now, "Open credits of the customer cover it"
        )

    def test_an_index_has_the_order_of_the_list(self):
        """The first page is read from it, no sort over all cases."""
        [[definition]] = self.env.execute_query(
            SQL(
                "SELECT indexdef FROM pg_indexes WHERE indexname = %s",
                "dunning_case_worklist_idx",
            )
        )
        self.assertIn("(priority_rank, expected_loss DESC, id)", definition)
        self.assertIn("WHERE ((state)::text = 'open'::text)", definition)
        case = self.env["dunning.case"]
        query = case._search([("state", "=", "open")], limit=80, order=case._order)
        self.assertRegex(
            query.select().code.replace('"dunning_case".', "").replace('"', ""),
            r"ORDER BY priority_rank\s*,\s*expected_loss DESC\s*,\s*id\s",
        )

    def test_refresh_takes_the_same_queries_for_10_and_100_cases(self):
        counts = []
        for number in (1, 10, 90):
            self.cases(number)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.case"]._refresh_worklist(self.company)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLessEqual(counts[2], 5)

    def test_refresh_of_some_leaves_the_others(self):
        cases = self.cases(2)
        for case in cases:
            self.rank(case, expected_loss=-1)
        cases[:1]._refresh_priority()
        self.assertNotEqual(cases[0].expected_loss, -1)
        self.assertEqual(cases[1].expected_loss, -1)

    def test_why_now(self):
        self.policy.mode = "review"
        invoice = self.invoice(days_overdue=45)
        self.run_on()
        case = self.case()
        self.assertEqual(case.why_now, "A notice waits for approval")
        notice = self.notices()
        notice.action_approve()
        self.send(notice)
        case.invalidate_recordset()
        self.assertEqual(case.why_now, "45 days overdue, medium risk")
        self.assertEqual(
            case.env["dunning.exposure"]._say_days_overdue(1), "1 day overdue"
        )
        self.assertEqual(case.last_contact_date, self.today)
        notice.sudo().state = "unknown"
        case.invalidate_recordset()
        self.assertEqual(case.why_now, "Unknown whether the notice arrived")
        self.pay(invoice)
        self.run_on(days=1)
        case.invalidate_recordset()
        self.assertEqual(case.state, "closed")

    def test_a_page_takes_the_same_queries_for_10_and_40_rows(self):
        collector = self.collector()
        self.cases(40)
        specification = self.specification("list", collector)
        counts = []
        for limit in (10, 40, 10, 40):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.case"].with_user(collector).web_search_read(
                [("state", "=", "open")], specification, limit=limit
            )
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[2], counts[3])


@tagged("post_install", "-at_install")
class TestWhatHappened(WorklistCommon):
    """Promises and answers change the order at once, a day changes it, too."""

    def setUp(self):
        super().setUp()
        self.bill = self.invoice(days_overdue=20)
        self.run_on()

    def promise(self, days=5):
        self.env["dunning.promise"].create(
            {
                "move_line_ids": [Command.set(self.receivable(self.bill).ids)],
                "date": self.today + timedelta(days=days),
                "tolerance_days": 0,
            }
        )
        return self.commit()

    def answer(self):
        case = self.case()
        reply = (
            self.env["dunning.reply"]
            .sudo()
            .create(
                {
                    "case_id": case.id,
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "date": self.today,
                    "suggestion": "says_paid",
                }
            )
        )
        reply._tell("reply_received")
        return reply

    def commit(self):
        """As far as a test can."""
        self.cr.precommit.run()
        self.env.invalidate_all()
        return self.case()

    def test_life_of_a_promise(self):
        case = self.promise(days=2)
        self.assertEqual(case.next_promise_date, self.today + timedelta(days=2))
        self.assertEqual(case.priority_rank, worklist.REST)
        self.run_on(days=1)
        self.assertEqual(self.case().priority_rank, worklist.WAITING)
        self.assertEqual(self.case().why_now, "The customer promised to pay")
        self.run_on(days=1)
        self.assertEqual(self.case().priority_rank, worklist.DUE)
        self.assertIn("due today", self.case().why_now)
        risk = self.case().risk_score
        for days in range(1, 1 + worklist.FRESH_DAYS + 1):
            self.travel(days=1)
            self.env["dunning.agreement"]._settle_company(self.company)
            self.run_on()
            with self.subTest(days_after_the_promise=days):
                self.assertEqual(self.case().priority_rank, worklist.DUE)
                self.assertIn("broken", self.case().why_now)
                self.assertEqual(self.case().broken_promises, 1)
                self.assertFalse(self.case().next_promise_date)
        self.assertGreater(self.case().risk_score, risk + 0.1)
        self.assertIn("broken promises: 1", self.case().risk_reasons)
        self.run_on(days=1)
        self.assertEqual(self.case().priority_rank, worklist.REST)

    def test_life_of_an_answer(self):
        reply = self.answer()
        case = self.commit()
        self.assertEqual(case.priority_rank, worklist.ANSWER)
        self.assertTrue(case.open_reply)
        self.assertEqual(case.why_now, "Answer waits: Says it is paid")
        reply.sudo()._set_handled("nothing")
        case = self.commit()
        self.assertEqual(case.priority_rank, worklist.REST)
        self.assertFalse(case.open_reply)

    def test_an_answer_brings_a_done_case_back(self):
        case = self.case()
        case.done_on = self.today
        self.answer()
        self.assertFalse(self.commit().done_on)

    def test_many_events_are_one_look(self):
        self.promise()
        with patch.object(
            type(self.env["dunning.case"]), "_refresh_worklist"
        ) as refresh:
            for _time in range(3):
                self.answer()
            self.commit()
        self.assertEqual(refresh.call_count, 1)

    def test_dialogs_are_about_this_case(self):
        user = self.collector()
        case = self.case().with_user(user)
        for method in (
            "action_log_call",
            "action_new_promise",
            "action_new_dispute",
            "action_new_plan",
            "action_new_hold",
        ):
            with self.subTest(method):
                action = getattr(case, method)()
                self.assertEqual(action["target"], "new")
                self.assertEqual(action["context"]["default_case_id"], case.id)
                dialog = self.env[action["res_model"]].with_user(user)
                form = Form(dialog.with_context(**action["context"]))
                self.assertEqual(form.case_id, case)
        decision = case.decision_ids
        for method in ("action_new_promise", "action_new_dispute", "action_new_hold"):
            with self.subTest(method, of="item"):
                context = getattr(decision, method)()["context"]
                self.assertEqual(context["default_case_id"], case.id)
                self.assertEqual(
                    context["default_move_line_ids"],
                    [Command.set(decision.move_line_id.ids)],
                )


@tagged("post_install", "-at_install")
class TestNextCase(WorklistCommon):
    def setUp(self):
        super().setUp()
        self.user = self.collector()
        self.first, self.second, self.third = self.cases(3)

    def next_of(self, case, listed=None, user=None):
        action = case.with_user(user or self.user).action_next_case(listed)
        return self.env["dunning.case"].browse(action.get("res_id") or ())

    def test_order_of_the_worklist(self):
        ordered = self.env["dunning.case"].search([])
        self.assertEqual(ordered, self.first | self.second | self.third)
        self.assertEqual(self.next_of(self.first), self.second)
        self.assertEqual(self.first.done_on, self.today)
        self.assertEqual(self.next_of(self.third), self.second)
        self.assertFalse(self.next_of(self.second))

    def test_what_is_done_comes_back_tomorrow(self):
        for case in (self.first, self.second):
            self.next_of(case)
        self.travel(days=1)
        self.assertEqual(self.next_of(self.third), self.first)

    def test_new_event_brings_a_done_case_back(self):
        """Ranks get better by what happened, never by being done."""
        self.next_of(self.first)
        self.rank(self.first, priority_rank=worklist.WAITING)
        self.first._refresh_priority()
        self.assertEqual(self.first.done_on, self.today)  # Only its hold is over.

    def test_others_cases_are_theirs(self):
        other = self.collector("w_other")
        self.second.user_id = other
        self.assertEqual(self.next_of(self.first), self.third)
        self.assertEqual(self.next_of(self.first, user=other), self.second)

    def test_the_list_one_comes_from_is_followed(self):
        self.third.user_id = self.collector("w_other")
        listed = [self.second.id, self.first.id, self.third.id]
        self.assertEqual(self.next_of(self.first, listed), self.third)
        self.assertEqual(self.next_of(self.second, listed), self.third)
        self.assertEqual(self.next_of(self.second, [1]), self.third.browse())

    def test_the_filter_my_day_says_the_same(self):
        self.next_of(self.first)
        self.third.user_id = self.collector("w_other")
        search = self.env.ref("dunning_automation.dunning_case_view_search")
        [node] = etree.fromstring(search.arch).xpath("//filter[@name='my_day']")
        with patch("odoo.fields.Date.context_today", lambda *args: self.today):
            domain = eval(node.get("domain"), {"uid": self.user.id})  # noqa: S307
        domain = [
            (*leaf[:2], str(self.today)) if leaf[2:] == ("today",) else leaf
            for leaf in domain
        ]
        found = self.env["dunning.case"].with_user(self.user).search(domain)
        self.assertEqual(found, self.second)


@tagged("post_install", "-at_install")
class TestSendNow(WorklistCommon):
    def say(self, user=None):
        action = self.case().with_user(user or self.env.user).action_send_now()
        self.assertEqual(action["tag"], "display_notification")
        return action["params"]["type"], action["params"]["message"]

    def test_approves_and_queues_but_never_sends(self):
        self.policy.mode = "review"
        self.invoice(days_overdue=8)
        self.run_on()
        notice = self.notices()
        collector = self.collector()
        kind, words = self.say(collector)
        self.assertEqual((kind, notice.state), ("warning", "planned"))
        self.assertIn("approval", words)
        manager = self.collector("w_manager", "manager")
        with self.smtp():
            kind, words = self.say(manager)
        self.assertEqual((kind, notice.state), ("success", "ready"))
        self.assertFalse(self.emails)
        self.assertIn("queue", words)
        self.assertEqual(self.say(collector)[0], "success")
        self.assertEqual(len(self.deliver()), 1)

    def test_says_why_nothing_leaves(self):
        self.invoice(days_overdue=8)
        self.run_on()
        collector = self.collector()
        self.company.sudo().action_dunning_stop("Wrong bank account")
        kind, words = self.say(collector)
        self.assertEqual(kind, "warning")
        self.assertIn("Wrong bank account", words)
        self.company.sudo().dunning_stopped = False
        notice = self.send()
        self.run_on(days=1)
        self.env.invalidate_all()
        _kind, words = self.say(collector)
        self.assertIn("Nothing is due to be sent", words)
        notice.sudo().state = "failed"
        _kind, words = self.say(collector)
        self.assertIn("failed", words)

    def test_only_for_collectors(self):
        self.invoice(days_overdue=8)
        self.run_on()
        billing = self.new_user("w_billing", "account.group_account_invoice")
        case = self.case().with_user(billing)
        for method in ("action_send_now", "action_next_case"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(case, method)()


@tagged("post_install", "-at_install")
class TestStory(WorklistCommon):
    def test_language_that_is_not_active_any_more(self):
        """A selection would have no label for it, and the page would break."""
        self.invoice(days_overdue=8)
        self.run_on()
        case = self.customer.dunning_case_id
        self.env.flush_all()
        self.cr.execute(
            "UPDATE res_partner SET lang = 'sv_SE' WHERE id = %s", [self.customer.id]
        )
        self.env.invalidate_all()
        [values] = case.web_read({"contact_lang": {}})
        self.assertEqual(case._fields["contact_lang"].type, "char")
        self.assertIn("Swedish", values["contact_lang"])

    def test_aging(self):
        table = [
            (-5, 10),
            (0, 5),
            (1, 20),
            (30, 1),
            (31, 40),
            (60, 2),
            (61, 80),
            (91, 160),
        ]
        self.invoices(
            [{"days_overdue": days, "amount": amount} for days, amount in table]
        )
        self.run_on()
        case = self.case()
        amounts = {part["name"]: part["amount"] for part in case.aging}
        expected = dict.fromkeys(aging.BUCKETS, 0)
        for days, amount in table:
            expected[aging.bucket(days)] += amount
        self.assertEqual(amounts, expected)
        self.assertAlmostEqual(sum(part["share"] for part in case.aging), 100, 1)
        for name in aging.BUCKETS:
            with self.subTest(bucket=name):
                action = case.action_open_aging(name)
                found = self.env["dunning.decision"].search(action["domain"])
                self.assertEqual(
                    sum(found.mapped("amount_residual_currency")), expected[name]
                )

    def test_timeline_and_payments(self):
        paid = self.invoice(days_overdue=40)
        self.invoice(days_overdue=8)
        self.run_on()
        self.send()
        self.travel(days=1)
        self.pay(paid)
        case = self.case()
        [payment] = case.payments
        self.assertEqual(payment["days_late"], 41)
        self.assertEqual(payment["invoice"], paid.name)
        titles = [item["title"] for item in case.timeline]
        self.assertEqual(titles[0], "Payment")
        self.assertEqual(titles[1:], ["Notice sent", "Notice planned", "Case opened"])
        self.assertEqual(case.sent_notice_ids, self.notices())
        self.assertTrue(json.dumps(case.timeline))

    def test_episodes(self):
        invoice = self.invoice(days_overdue=8)
        self.run_on()
        self.send()
        first = self.case()
        self.pay(invoice)
        self.run_on(days=1)
        self.invoice(days_overdue=8)
        self.run_on(days=30)
        second = self.case() - first
        self.assertEqual(second.episode_ids, first)

    def test_a_customer_with_many_items_takes_no_more_queries(self):
        collector = self.collector()
        few, many = self._create_customers(2)
        self.invoices([{"partner": few}] * 1 + [{"partner": many} for _i in range(60)])
        self.run_on()
        self.send()
        counts = []
        for partner in (few, few, many):
            case = self.case(partner).with_user(collector)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            case.web_read(self.specification("form", collector))
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLess(counts[2], 90)

    def test_readers_read_the_story(self):
        self.invoice(days_overdue=8)
        self.run_on()
        for login, groups in {
            "s_billing": "account.group_account_invoice",
            "s_readonly": "base.group_user,account.group_account_readonly",
            "s_collector": "dunning_automation.group_user",
        }.items():
            with self.subTest(login):
                user = self.new_user(login, groups)
                self.env.invalidate_all()
                case = self.case().with_user(user)
                [values] = case.web_read(self.specification("form", user))
                self.assertTrue(values["aging"])
                self.assertTrue(values["timeline"])
                self.assertTrue(values["why_now"])
                with self.assertRaises(AccessError):
                    case.write({"expected_loss": 1})
                with self.assertRaises(AccessError):
                    case.write({"priority_rank": 1})
