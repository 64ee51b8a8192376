from unittest.mock import patch

from lxml import html

from odoo.tests import tagged

from odoo.addons.base.models.ir_qweb import QWebError

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestScale(DunningCommon):
    def count(self, function, *args):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        result = function(*args)
        self.env.flush_all()
        return self.cr.sql_log_count - before, result

    def plan(self, number, **values):
        """Plan ``number`` customers with one invoice each in a company of their own.

        :return: the number of queries that planning took
        """
        customers = self._create_customers(number, **values)
        self.invoices(
            [
                {"partner": customer, "days_overdue": 9 if number % 2 else 1}
                for customer in customers
            ]
        )
        run = self.env["dunning.run"].create({})
        queries, _none = self.count(self.env["dunning.planner"].sudo()._plan, run)
        self.env.invalidate_all()
        self.assertEqual(run.notice_count, number)
        return queries, run

    def test_planning_takes_the_same_queries_for_10_and_100_invoices(self):
        self.plan(2)
        self.send(self.env["dunning.notice"].search([("state", "=", "ready")]))
        few, _run = self.plan(10)
        many, _run = self.plan(100)
        self.assertEqual(few, many)
        self.assertLess(many, 60)

    def test_second_run_of_the_day_takes_no_more(self):
        first, _run = self.plan(10)
        run = self.env["dunning.run"].create({})
        second, _none = self.count(self.env["dunning.planner"].sudo()._plan, run)
        self.assertLessEqual(second, first)

    def test_texts_take_few_queries_per_notice(self):
        few_run, many_run = self.plan(5)[1], self.plan(45)[1]
        few, _none = self.count(few_run.notice_ids.sudo()._compose)
        many, _none = self.count(many_run.notice_ids.sudo()._compose)
        self.assertLess((many - few) / 40, 8)

    def test_a_text_is_compiled_once_for_all_who_get_it(self):
        qweb = self.registry["ir.qweb"]
        counts = []
        for number in (2, 4, 24):  # The first compiles the parts that are views, too.
            notices = self.plan(number)[1].notice_ids.sudo()
            compile_code = patch.object(
                qweb, "_generate_code", autospec=True, side_effect=qweb._generate_code
            )
            with compile_code as compiled:
                notices._compose()
            self.assertEqual(len(set(notices.mapped("body"))), number)
            counts.append(compiled.call_count)
        self.assertEqual(counts[1], counts[2])

    def test_compiled_for_an_editor_is_not_allowed_to_others(self):
        qweb = self.env["ir.qweb"].with_context(dunning_compiled={})

        def render(**options):
            text = html.fragment_fromstring('<div><t t-out="6 * 7"/></div>')
            return qweb._render(text, {}, **options)

        self.assertEqual(render(), "<div>42</div>")
        with self.assertRaises(QWebError) as refused:
            render(raise_on_forbidden_code_for_model="dunning.notice")
        self.assertIsInstance(refused.exception.__cause__, PermissionError)
        self.assertEqual(render(), "<div>42</div>")

    def test_delivery_takes_a_bounded_number_of_queries_per_message(self):
        counts = []
        for number in (5, 25):
            _queries, run = self.plan(number)
            run.notice_ids.sudo()._compose()
            queries, mails = self.count(self.deliver)
            self.assertEqual(len(mails), number)
            counts.append(queries)
        per_message = (counts[1] - counts[0]) / 20
        self.assertLess(per_message, 6)
