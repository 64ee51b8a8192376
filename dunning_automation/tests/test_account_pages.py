import re

from lxml import html

from odoo import http
from odoo.tests import tagged

from .account_common import AccountCommon

NUMBER = 250


@tagged("post_install", "-at_install")
class TestAccountPages(AccountCommon):
    """More open invoices than anybody wants to scroll through: what is ticked on one
    page stays ticked on the others, without any script."""

    def setUp(self):
        super().setUp()
        self.lines = self.many(self.customer, NUMBER)
        own = self.receivable(self.overdue).id
        self.lines = sorted([*self.lines, own])
        self.env.flush_all()

    def form(self, answer):
        [form] = html.fromstring(answer.text).xpath("//form[.//*[@name='currency']]")
        return form

    def shown(self, answer):
        """{line: whether it is ticked} of the page."""
        boxes = self.form(answer).xpath(".//input[@type='checkbox']")
        return {int(box.get("value")): box.get("checked") is not None for box in boxes}

    def press(self, answer, tick=(), untick=(), path="select", **button):
        """What a browser sends when a button is pressed, and the answer."""
        self.authenticate(None, None)
        form = self.form(answer)
        ticked = {line for line, is_on in self.shown(answer).items() if is_on}
        ticked = ticked.union(tick).difference(untick)
        data = {
            "csrf_token": http.Request.csrf_token(self),
            "line": [*map(str, sorted(ticked))],
            **button,
        }
        for hidden in form.xpath(".//input[@type='hidden']"):
            if hidden.get("name") == "line":
                data["line"].append(hidden.get("value"))
            elif hidden.get("name") != "csrf_token":
                data[hidden.get("name")] = hidden.get("value")
        return self.url_open(f"{self.link}/{path}", data=data)

    def total(self, answer):
        """What the pay page asks for."""
        return re.search(r"<h2>Pay\s*<?.*?([\d,.]+)", answer.text, re.S)[1]

    def test_all_overdue_are_ticked_on_all_pages(self):
        page = self.page(None, self.link)
        self.assertEqual(len(self.shown(page)), 100)
        seen = self.shown(page)
        for number in (2, 3):
            page = self.press(page, page=str(number))
            seen |= self.shown(page)
        self.assertEqual(sorted(seen), self.lines)
        self.assertTrue(all(seen.values()))
        pay = self.press(page, path="pay", scope="selected")
        self.assertEqual(self.total(pay), "25,100.00")

    def test_selection_survives_the_pages(self):
        page = self.press(self.page(None, self.link), ticks="none")
        first = min(self.shown(page))
        page = self.press(page, tick=[first], page="3")
        last = max(self.shown(page))
        self.assertFalse(any(self.shown(page).values()))
        page = self.press(page, tick=[last], page="1")
        self.assertEqual([k for k, on in self.shown(page).items() if on], [first])
        self.assertIn("of the selected ones are on other pages", page.text)
        pay = self.press(page, path="pay", scope="selected")
        self.assertEqual(self.total(pay), "200.00")
        page = self.press(page, untick=[first], page="3")
        pay = self.press(page, path="pay", scope="selected")
        self.assertEqual(self.total(pay), "100.00")

    def test_all_overdue_are_paid_whatever_is_ticked(self):
        page = self.press(self.page(None, self.link), ticks="none")
        pay = self.press(page, path="pay", scope="overdue")
        self.assertEqual(self.total(pay), "25,100.00")
        page = self.press(page, ticks="proposed")
        self.assertTrue(all(self.shown(page).values()))

    def test_error_keeps_what_was_ticked_and_typed(self):
        page = self.press(self.page(None, self.link), ticks="none")
        last = self.lines[-1]
        page = self.press(page, page="3")
        page = self.press(page, tick=[last], path="answer", kind="dispute", text=" ")
        self.assertIn("write a few words", page.text)
        page = self.press(page, page="3", kind="dispute", text="Broken")
        self.assertTrue(self.shown(page)[last])
        self.assertIn(">Broken<", page.text)
        page = self.press(page, path="answer", kind="dispute", text="Broken")
        dispute = self.env["dunning.dispute"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(dispute.move_line_ids.ids, [last])

    def test_odd_input(self):
        page = self.page(None, self.link)
        for number, nearest in (("0", 1), ("-1", 1), ("x", 1), ("9" * 30, 3), ("²", 1)):
            with self.subTest(number):
                answer = self.press(page, page=number)
                [current] = self.form(answer).xpath(".//button[@aria-current='page']")
                self.assertEqual(current.get("value"), str(nearest))
        foreign = self.receivable(self.foreign)
        answer = self.press(page, tick=[foreign.id], page="2")
        self.assertNotIn("CANARY", answer.text)
        self.assertNotIn(f'value="{foreign.id}"', answer.text)

    def test_one_file_of_all(self):
        answer = self.page(None, f"{self.link}/statement.csv")
        self.assertEqual(len(answer.text.strip().splitlines()), 1 + len(self.lines))
