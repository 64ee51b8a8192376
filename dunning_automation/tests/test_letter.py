import base64
import io
import re
import zipfile
from datetime import date
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .charge_common import ChargeCommon
from .letter_common import ADDRESS, LetterCommon


@tagged("post_install", "-at_install")
class TestLetterRecipient(LetterCommon):
    def test_complete_address(self):
        """Street, a place and a country are what a postman needs."""
        full = {**ADDRESS, "country_id": self.germany.id}
        table = [
            ({}, True),
            ({"street": False}, False),
            ({"street": " "}, False),
            ({"street": False, "street2": "Back yard"}, False),
            ({"zip": False}, True),
            ({"city": False}, True),
            ({"zip": False, "city": False}, False),
            ({"zip": " ", "city": ""}, False),
            ({"country_id": False}, False),
        ]
        customers = [self.reachable(**{**full, **change}) for change, _ok in table]
        invoices = self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        for (change, complete), customer, invoice in zip(
            table, customers, invoices, strict=True
        ):
            with self.subTest(change=change):
                self.assertEqual(bool(self.notices(customer)), complete)
                if not complete:
                    self.assertEqual(self.why(invoice), "unreachable/no_postal_address")

    def test_contact_then_invoice_address_then_debtor(self):
        """(contact on the invoice, invoice address, debtor) complete? -> recipient"""
        table = [
            ((True, True, True), "contact"),
            ((False, True, True), "invoice"),
            ((None, True, True), "invoice"),
            ((False, False, True), "debtor"),
            ((None, None, True), "debtor"),
            ((True, None, False), "contact"),
            ((False, False, False), None),
        ]
        families, rows = [], []
        for complete, _expected in table:
            family = {}
            for name, ok in zip(
                ("contact", "invoice", "debtor"), complete, strict=True
            ):
                if ok is not None:
                    family[name] = self.reachable(
                        **({} if ok else {"street": False}), name=name
                    )
            for name, kind in (("contact", "other"), ("invoice", "invoice")):
                if name in family:
                    family[name].write(
                        {
                            "parent_id": family["debtor"].id,
                            "type": kind,
                            "is_company": False,
                        }
                    )
                    ok = complete[0 if name == "contact" else 1]
                    family[name].write(
                        {**ADDRESS, "street": "Own Street 5" if ok else False}
                    )
            families.append(family)
            rows.append({"partner": family.get("contact", family["debtor"])})
        self.invoices(rows)
        self.run_on()
        for (complete, expected), family in zip(table, families, strict=True):
            with self.subTest(complete=complete):
                notice = self.notices(family["debtor"])
                self.assertEqual(
                    notice.recipient_id,
                    family.get(expected, notice.browse().recipient_id),
                )
                self.assertFalse(notice.email_to)

    def test_address_lines(self):
        poland = self.env.ref("base.pl")
        table = [
            ({}, "Debtor\nMain Street 1\n12345 Springfield"),
            (
                {"street2": "Back yard"},
                "Debtor\nMain Street 1\nBack yard\n12345 Springfield",
            ),
            (
                {"country_id": poland.id},
                "Debtor\nMain Street 1\n12345 Springfield\nPOLAND",
            ),
            (
                {"street": "One\n Two", "name": "A\r\nB"},
                "A B\nOne\nTwo\n12345 Springfield",
            ),
        ]
        for values, expected in table:
            with self.subTest(values=values):
                customer = self.reachable(**{"name": "Debtor", **values})
                self.invoice(customer)
                self.run_on()
                notice = self.notices(customer)
                notice.sudo()._compose()
                self.assertEqual(notice.letter_address, expected)

    def test_contact_of_a_company_is_named_below_it(self):
        contact = self.reachable(
            name="Anna", parent_id=self.customer.id, is_company=False, type="invoice"
        )
        contact.write({**ADDRESS, "street": "Own Street 5"})
        self.invoice()
        self.run_on()
        notice = self.notices()
        notice.sudo()._compose()
        self.assertEqual(
            notice.letter_address, "Customer\nAnna\nOwn Street 5\n12345 Springfield"
        )

    def test_letter_instead_of_an_email(self):
        """A fallback: no e-mail address, or one that bounced, but a postal address."""
        self.policy.active = False
        template = self.env.ref("dunning_automation.mail_template_firm")
        letter = {"channel": "letter", "template_id": template.id}
        self.policy = self._create_policy(delays=[1])
        level = self.policy.level_ids
        level.action_ids = [Command.create({**letter, "is_fallback": True})]
        email, letter = level.action_ids.sorted(lambda action: action.is_fallback)
        email.fallback_id = letter
        silent, bouncing = self.reachable(email=False), self.reachable()
        self.invoices([{"partner": silent}, {"partner": bouncing}])
        self.run_on()
        self.assertRecordValues(
            self.notices(silent), [{"channel": "letter", "recipient_id": silent.id}]
        )
        [notice] = self.send(self.notices(bouncing))
        contact = self.reachable(parent_id=bouncing.id, type="other", street=False)
        notice.sudo().recipient_id = contact
        notice.sudo()._bounce("It came back")
        [_email, fallback] = self.notices(bouncing)
        self.assertRecordValues(
            fallback,
            [{"channel": "letter", "recipient_id": bouncing.id, "email_to": False}],
        )
        self.assertEqual(fallback.state, "ready")

    def test_a_letter_needs_a_template(self):
        with self.assertRaisesRegex(ValidationError, "choose a template"):
            self.policy.level_ids[0].action_ids.template_id = False


@tagged("post_install", "-at_install")
class TestLetterDesk(LetterCommon):
    def test_senders_leave_letters_alone(self):
        letter = self.letters()
        self.assertEqual(letter.state, "ready")
        self.assertFalse(self.deliver())
        self.assertEqual(letter.state, "ready")
        self.assertEqual(self.env["dunning.sender"]._count_ready(), 0)
        self.travel(hours=10)
        checks = self.env["dunning.health"].sudo()._get_checks(self.company)
        [queue] = [check for check in checks if check["code"] == "queue"]
        self.assertEqual(queue["state"], "ok")

    def test_print_and_post(self):
        letters = self.letters(3)
        pile = letters[2] + letters[0] + letters[1]
        content = self.print_pile(pile)
        self.assertEqual(set(letters.mapped("state")), {"claimed"})
        for page, letter in zip(self.pages(content), pile, strict=True):
            self.assertIn(letter.partner_id.name, page)
        self.assertEqual(
            self.kinds(letters[0]),
            ["notice_planned", "notice_claimed", "letter_printed"],
        )
        self.travel(1)
        letters.action_mark_posted()
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertEqual(letters[0].date_sent, self.moment)
        self.assertEqual(self.kinds(letters[0])[-2:], ["notice_sent", "letter_posted"])
        message = letters[0].mail_message_id
        self.assertEqual(message.res_id, letters[0].case_id.id)
        self.assertIn("second reminder", message.subject)
        self.assertFalse(message.notification_ids)

    def test_print_again_same_bytes(self):
        letters = self.letters(2)
        first = self.print_pile(letters)
        alone = self.print_pile(letters[0])
        self.assertEqual(alone, base64.b64decode(letters[0].letter_pdf))
        self.travel(2)
        self.assertEqual(self.print_pile(letters), first)
        self.assertEqual(self.print_pile(letters[0]), alone)
        self.assertEqual(letters.mapped("attempt"), [1, 1])
        self.assertEqual(self.kinds(letters[0]).count("letter_printed"), 1)

    def test_the_ledger_is_read_again(self):
        self.only_the_claim_looks()
        letters = self.letters(4)
        self.pay(letters[0].line_ids.move_id)
        self.pay(letters[1].line_ids.move_id, 40)
        content = self.print_pile(letters)
        self.assertEqual(
            letters.mapped("state"), ["suppressed", "claimed", "claimed", "claimed"]
        )
        pages = self.pages(content)
        self.assertEqual(len(pages), 3)
        self.assertIn("60.00", pages[0])
        self.assertNotIn("100.00", pages[0])
        self.assertIn("100.00", pages[1])

    def test_paid_while_it_was_printed_ahead(self):
        """Between the first look and the claim somebody pays: the claim sees it."""
        self.only_the_claim_looks()
        letters = self.letters(2)
        desk = type(self.env["dunning.notice"])
        ahead = desk._print_ahead

        def print_ahead_slowly(pile, batch):
            ahead(pile, batch)
            self.pay(letters[0].line_ids.move_id)
            self.pay(letters[1].line_ids.move_id, 30)
            self.env.flush_all()

        with patch.object(desk, "_print_ahead", print_ahead_slowly):
            content = self.print_pile(letters)
        self.assertEqual(letters.mapped("state"), ["suppressed", "claimed"])
        [page] = self.pages(content)
        self.assertIn("70.00", page)

    def test_one_that_cannot_be_printed(self):
        letters = self.letters(3)
        channel = type(self.env["dunning.notice"])
        make = channel._make_letter_pdf

        def make_or_fail(letter):
            if letter.id == letters[1].id:
                raise ValueError("No ink")
            return make(letter)

        with patch.object(channel, "_make_letter_pdf", make_or_fail):
            content = self.print_pile(letters)
        self.assertEqual(letters.mapped("state"), ["claimed", "failed", "claimed"])
        self.assertEqual(letters[1].reason, "No ink")
        self.assertEqual(len(self.pages(content)), 2)
        self.assertTrue(letters[1].case_id.activity_ids)

    def test_one_whose_text_cannot_be_written(self):
        letters = self.letters(2)
        template = letters.action_id.template_id
        template.body_html = (
            f'<p t-out="1 / (0 if object.id == {letters[0].id} else 1)"/>'
        )
        self.print_pile(letters)
        self.assertEqual(letters.mapped("state"), ["failed", "claimed"])
        self.assertIn("division by zero", letters[0].reason)

    def test_an_error_in_the_claim_sets_aside_one(self):
        letters = self.letters(2)
        sender = type(self.env["dunning.sender"])
        claim = sender._claim

        def claim_or_fail(model, notice, *args):
            if notice.id == letters[0].id:
                raise RuntimeError("Poison")
            return claim(model, notice, *args)

        with patch.object(sender, "_claim", claim_or_fail):
            self.print_pile(letters)
        self.assertEqual(letters.mapped("state"), ["failed", "claimed"])

    def test_not_posted(self):
        letter = self.letters()
        self.print_pile(letter)
        letter.action_not_posted()
        self.assertRecordValues(
            letter, [{"state": "ready", "printed_on": False, "letter_pdf": False}]
        )
        self.print_pile(letter)
        self.assertEqual(letter.attempt, 2)
        self.pay(letter.line_ids.move_id)
        letter.invalidate_recordset()
        letter.action_not_posted()
        self.assertEqual(letter.state, "suppressed")

    def test_paid_between_printing_and_posting(self):
        letters = self.letters(3)
        self.print_pile(letters)
        self.assertFalse(any(letters.mapped("letter_warning")))
        self.travel(1)
        letters.invalidate_recordset()
        self.assertFalse(any(letters.mapped("letter_warning")))
        self.pay(letters[0].line_ids.move_id)
        self.pay(letters[1].line_ids.move_id, 40)
        letters.invalidate_recordset()
        self.assertIn("take it out", letters[0].letter_warning)
        self.assertIn("print it again", letters[1].letter_warning)
        self.assertFalse(letters[2].letter_warning)
        action = letters.action_mark_posted()
        self.assertIn("Debtor 0", action["params"]["message"])
        self.assertEqual(letters.mapped("state"), ["claimed", "claimed", "sent"])
        with self.assertRaisesRegex(UserError, "take it out"):
            letters[0].action_mark_posted()
        letters[0].action_force_posted()
        self.assertEqual(letters[0].state, "sent")

    # === COURTESY === #

    def follow(self, binding="courtesy"):
        """One letter a month, at most."""
        self.policy.courtesy_id = self.env["dunning.courtesy"].create(
            {
                "name": "Once a month",
                "binding": binding,
                "cap_ids": [Command.create({"channel": "letter", "window_days": 30})],
            }
        )

    def test_cap_reached(self):
        """Who prints or posts is told, and decides."""
        first, other = self.letters(2)
        self.follow()
        self.assertEqual((first + other).mapped("letter_courtesy"), [False, False])
        self.told(first.line_ids.move_id, 15, channel="letter", date_sent=self.moment)
        (first + other).invalidate_recordset()
        self.assertIn("Letter: at most 1 in 30 days", first.letter_courtesy)
        self.assertFalse(other.letter_courtesy)
        with self.enter_registry_test_mode():
            action = (first + other).action_print_letters()
        message = action["params"]["message"]
        self.assertIn("Courtesy is against posting now: 1.", message)
        self.assertEqual(action["params"]["type"], "warning")
        first.invalidate_recordset()
        self.assertIn("at most 1", first.letter_courtesy)
        (first + other).action_mark_posted()
        self.assertEqual(set((first + other).mapped("state")), {"sent"})
        self.assertFalse(first.letter_courtesy)

    def test_cap_that_is_law(self):
        """Nobody prints a letter too many; the others are printed."""
        first, other = self.letters(2)
        self.follow("law")
        self.told(first.line_ids.move_id, 15, channel="letter", date_sent=self.moment)
        with self.enter_registry_test_mode():
            action = (first + other).action_print_letters()
        (first + other).invalidate_recordset()
        self.assertEqual((first + other).mapped("state"), ["ready", "claimed"])
        self.assertIn("at most 1 in 30 days", action["params"]["message"])
        with self.assertRaisesRegex(UserError, "at most 1 in 30 days"):
            self.print_pile(first)

    def test_opted_out_after_printing(self):
        letter = self.letters()
        self.print_pile(letter)
        self.env["dunning.optout"].create(
            {"partner_id": letter.partner_id.id, "channel": "letter"}
        )
        letter.invalidate_recordset()
        self.assertTrue(letter.letter_warning)
        with self.assertRaises(UserError):
            letter.action_mark_posted()

    def test_courtesy_of_a_pile_in_few_queries(self):
        letters = self.letters(12)
        self.follow()
        counts = []
        for pile in (letters, letters[:2], letters):  # The first one warms up.
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            pile.mapped("letter_courtesy")
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_nobody_says_whether_it_was_posted(self):
        letter = self.letters()
        invoice = letter.line_ids.move_id
        self.print_pile(letter)
        self.travel(4)
        self.sweep()
        self.assertEqual(letter.state, "claimed")
        self.travel(2)
        self.sweep()
        self.assertEqual(letter.state, "unknown")
        self.assertIn("was it posted?", letter.reason)
        self.run_on(1)  # 15 days overdue: the next step is not blocked.
        self.assertReminded(invoice, 15)
        letter.action_mark_posted()
        self.assertEqual(letter.state, "sent")

    def test_a_letter_that_nobody_prints_blocks_nothing(self):
        """After its days it is taken back: it must not leave behind a later one."""

        def time_out():
            cron = self.env.ref("dunning_automation.ir_cron_time_out").sudo()
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            letter.invalidate_recordset()

        letter = self.letters()
        invoice = letter.line_ids.move_id
        self.travel(4)
        time_out()
        self.assertEqual(letter.state, "ready")
        self.travel(2)
        self.company.sudo().action_dunning_stop()
        time_out()
        self.assertEqual(letter.state, "ready", "nobody could print it")
        self.company.sudo().action_dunning_resume()
        time_out()
        self.assertEqual(letter.state, "cancelled")
        self.assertIn("5 days", letter.reason)
        self.assertIn("step_timed_out", letter.event_ids.mapped("kind"))
        self.run_on(1)  # 15 days overdue: the next step is not blocked.
        self.assertReminded(invoice, 15)

    def test_no_second_letter_by_planning_again(self):
        letter = self.letters()
        self.print_pile(letter)
        self.run_on()
        self.run_on(3)
        self.assertEqual(self.notices(letter.partner_id), letter)

    def test_nothing_is_printed_that_must_not_leave(self):
        letter = self.letters()
        self.company.sudo().action_dunning_stop("Wrong bank account")
        with self.assertRaisesRegex(UserError, "Wrong bank account"):
            self.print_pile(letter)
        self.assertEqual(letter.state, "ready")

    def test_a_restored_database_prints_nothing(self):
        letter = self.letters()
        guard = type(self.env["dunning.guard"])
        with (
            patch.object(guard, "_raise_mark", lambda *args: "Restored"),
            self.assertRaisesRegex(UserError, "Restored"),
        ):
            self.print_pile(letter)
        letter.invalidate_recordset()
        self.assertEqual(letter.state, "ready")

    def test_who_may_do_what(self):
        letter = self.letters()
        collector = self.new_user("desk", "dunning_automation.group_user")
        billing = self.new_user("billing", "account.group_account_invoice")
        with self.assertRaisesRegex(AccessError, "Only collections users"):
            self.print_pile(letter.with_user(billing))
        content = self.print_pile(letter.with_user(collector))
        self.assertEqual(len(self.pages(content)), 1)
        for method in ("action_mark_posted", "action_not_posted"):
            with self.assertRaisesRegex(AccessError, "Only collections users"):
                getattr(letter.with_user(billing), method)()
        with self.assertRaisesRegex(AccessError, "manager"):
            letter.with_user(collector).action_force_posted()
        letter.with_user(collector).action_mark_posted()
        self.assertEqual(letter.event_ids.sorted("id")[-1].user_id, collector)
        stranger = self.new_user("stranger", "dunning_automation.group_user")
        download = self.env["dunning.letter.download"].sudo().search([])[-1:]
        self.assertTrue(download.with_user(collector).has_access("read"))
        self.assertFalse(download.with_user(stranger).has_access("read"))

    def test_queries_do_not_grow_faster_than_the_pile(self):
        """Claims cost the same few queries each, the warning one for all."""
        letters = self.letters(12)
        with patch.object(
            type(letters), "_make_letter_pdf", lambda letter: b"%PDF-1.4 stub"
        ):
            with self.enter_registry_test_mode():
                letters.action_print_letters()
        letters.invalidate_recordset()
        letters.mapped("line_ids.currency_id.rounding")
        self.env.flush_all()
        with self.assertQueryCount(12):
            letters.mapped("letter_warning")

    def test_erasure_forgets_address_and_pages(self):
        letter = self.letters()
        self.print_pile(letter)
        letter.action_mark_posted()
        letter.partner_id._dunning_erase()
        self.assertRecordValues(
            letter, [{"letter_address": False, "letter_pdf": False, "body": False}]
        )

    def test_evidence_has_the_pages(self):
        letter = self.letters()
        self.print_pile(letter)
        letter.action_mark_posted()
        evidence = self.env["dunning.evidence"].create(
            {"company_id": self.company.id, "case_id": letter.case_id.id}
        )
        [message] = evidence._get_messages()
        self.assertEqual(message["check"], "intact")
        self.assertTrue(message["file"].endswith(".pdf"))
        with zipfile.ZipFile(io.BytesIO(evidence._get_zip())) as archive:
            self.assertEqual(
                archive.read(message["file"]), base64.b64decode(letter.letter_pdf)
            )
        letter.sudo().letter_pdf = base64.b64encode(b"%PDF-1.4 other")
        [message] = evidence._get_messages()
        self.assertEqual(message["check"], "changed")


@tagged("post_install", "-at_install")
class TestLetterPdf(LetterCommon):
    def test_address_stands_in_the_window(self):
        """DIN 5008 form B: a field of 85 x 45 mm, 20 mm from the left and 45 from the
        top; US Letter: what every #10 envelope shows."""
        table = [("base.paperformat_euro", 20, 105, 45, 90)]
        table.append(("base.paperformat_us", 22.2, 111, 51, 84))
        letter = self.letters()
        for paper, left, right, top, bottom in table:
            with self.subTest(paper=paper):
                self.company.paperformat_id = self.env.ref(paper)
                places = self.places(letter.sudo()._make_letter_pdf())
                lines = letter.letter_address.splitlines()
                sender = letter._get_letter_sender()
                for line in (*lines, sender):
                    hits = [
                        (x, y)
                        for text, x, y in places
                        if " ".join(text.split()) == line and y < bottom
                    ]
                    self.assertTrue(hits, f"{line} in {places}")
                    x, y = hits[-1]
                    self.assertTrue(left < x < right and top < y < bottom, (line, x, y))

    def test_text_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"].search(
            [("name", "=", "dunning_automation")]
        )._update_translations(["de_DE"])
        letter = self.letters(lang="de_DE")
        [page] = self.pages(self.print_pile(letter))
        self.assertIn("100,00", page)
        self.assertIn("2. Mahnung", page)
        self.assertIn("10.03.2026", page)

    def test_long_list(self):
        """Every invoice is listed, under a head on every page; pages are numbered."""
        invoices = self.invoices(
            [{"amount": 10 + number} for number in range(45)], days_overdue=3
        )
        self.run_on()
        pages = self.pages(self.print_pile(self.notices()))
        self.assertEqual(len(pages), 3)
        for invoice in invoices:
            self.assertIn(invoice.name, " ".join(pages[1:]))
        for number, page in enumerate(pages, start=1):
            self.assertIn(f"{number} / 3", page)
        for page in pages[1:]:
            self.assertIn("Due date", page)
        self.assertIn("1,440.00", pages[0])

    def test_amounts_per_currency(self):
        self.invoice(amount=100)
        self.invoice(amount=77, currency=self.foreign_currency)
        self.credit_note(amount=30)
        self.run_on()
        text = " ".join(self.pages(self.print_pile(self.notices())))
        for amount in ("100.00", "77.00", "30.00", "70.00"):
            self.assertIn(amount, text)

    def test_payment_slip(self):
        euro = self.foreign_currency
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "DE89 3704 0044 0532 0130 00",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        self.invoice(amount=100, currency=euro)
        self.run_on()
        letter = self.notices().sudo()
        letter._compose()
        [slip] = letter._get_letter_slips(letter._get_letter_groups())
        self.assertEqual(slip["bank"], bank)
        self.assertEqual(slip["amount"], 100)
        self.assertIn(letter.line_ids.name, slip["reference"])
        methods = dict(bank.get_available_qr_methods_in_sequence())
        expected = "bank" if "sct_qr" in methods else "portal"
        self.assertEqual(slip["qr_kind"], expected)
        self.assertTrue(slip["qr"].startswith("data:image/png;base64,"))
        [page] = self.pages(self.print_pile(self.notices()))
        self.assertIn("DE89", page)

    def test_code_for_banking_apps(self):
        """Where the account has a generator (SEPA, Swiss and others bring theirs), it
        gets the amount and the references of the letter."""
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "ACCOUNT 1", "partner_id": self.company.partner_id.id}
        )
        asked = []

        def prepare(bank, **values):
            asked.append((bank, values))
            return {"barcode_type": "QR", "value": "pay", "width": 128, "height": 128}

        banks = type(bank)
        self.startPatcher(
            patch.object(
                banks, "_get_available_qr_methods", lambda self: [("test", "Test", 1)]
            )
        )
        self.startPatcher(
            patch.object(banks, "_get_error_messages_for_qr", lambda self, *args: None)
        )
        self.startPatcher(
            patch.object(banks, "_check_for_qr_code_errors", lambda self, *args: None)
        )
        self.startPatcher(
            patch.object(banks, "_get_qr_code_generation_params", prepare)
        )
        invoices = self.invoices([{"amount": 60}, {"amount": 70}])
        self.credit_note(amount=20)
        self.run_on()
        letter = self.notices().sudo()
        letter._compose()
        [slip] = letter._get_letter_slips(letter._get_letter_groups())
        self.assertEqual(slip["qr_kind"], "bank")
        self.assertEqual(slip["amount"], 110)
        references = letter._get_lines().move_id.mapped("payment_reference")
        [(account, values)] = asked
        self.assertEqual(account, bank)
        self.assertEqual(values["amount"], 110)
        self.assertEqual(values["debtor_partner"], self.customer)
        self.assertEqual(set(values["free_communication"].split(", ")), set(references))
        self.assertFalse(values["structured_communication"])
        self.assertEqual(set(letter.line_ids.move_id), set(invoices))

    def test_without_a_bank_account(self):
        self.invoices([{}, {}])
        self.run_on()
        letter = self.notices().sudo()
        [slip] = letter._get_letter_slips(letter._get_letter_groups())
        self.assertEqual(slip["qr_kind"], "portal")  # The account of the customer.
        self.company.dunning_link_days = 0
        self.assertFalse(letter._get_letter_slips(letter._get_letter_groups()))
        [page] = self.pages(self.print_pile(self.notices()))
        self.assertNotIn("Payment slip", page)

    def test_hostile_names(self):
        """A name is a name: no tag, no picture, no script, no file comes of it."""
        evil = "<iframe src='file:///etc/passwd'></iframe>"
        customer = self.reachable(
            name=f"{evil}<script>x</script>",
            street="<img src='http://127.0.0.1:9/x'/>",
            ref="{{ object.env.cr.dbname }}<h1>",
        )
        self.company.phone = "<h1>1</h1>"
        self.invoice(customer, ref="<b>x</b>")
        self.run_on()
        letter = self.notices(customer)
        letter.sudo()._compose()
        html = letter.sudo()._render_part("dunning_letter_document", docs=letter.sudo())
        tree = etree.HTML(str(html))
        for tag in ("iframe", "script", "h1", "b"):
            self.assertFalse(tree.findall(f".//{tag}"), tag)
        for image in tree.findall(".//img"):
            self.assertTrue(image.get("src").startswith("data:"))
        [page] = self.pages(self.print_pile(letter))
        self.assertIn("iframe", page)
        self.assertNotIn("root:", page)

    def test_engine_may_not_read_files(self):
        report = self.env.ref("dunning_automation.dunning_letter_report_a4")
        for report_ in (report, self.env.ref("account.account_invoices")):
            command = report_._build_wkhtmltopdf_args(report_.get_paperformat(), False)
            self.assertIn("--disable-local-file-access", command)
            self.assertEqual("--disable-javascript" in command, report_ == report)

    def test_engine_fails(self):
        letter = self.letters()
        report = type(self.env["ir.actions.report"])

        def crash(*args, **kwargs):
            raise OSError("Wkhtmltopdf failed (error code: -11)")

        with (
            patch.object(report, "_run_wkhtmltopdf", crash),
            mute_logger("odoo.addons.base.models.ir_actions_report"),
            self.assertRaisesRegex(UserError, "error code: -11"),
        ):
            self.print_pile(letter)
        letter.invalidate_recordset()
        self.assertEqual(letter.state, "failed")
        letter.action_retry()
        self.assertEqual(letter.state, "ready")

    def test_standard_report_route(self):
        """Odoo's own way to print the report shows the same page."""
        letter = self.letters()
        letter.sudo()._compose()
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "dunning_automation.dunning_letter_document", letter.ids
        )
        self.assertTrue(re.search(r"Main Street 1", html.decode()))


@tagged("post_install", "-at_install")
class TestLetterInterest(LetterCommon, ChargeCommon):
    def test_interest_of_a_long_list(self):
        """How the interest on each invoice was found, on pages of its own; nothing is
        said of those that bear none."""
        self.now_is(date(2025, 8, 31))
        self.level(1).charge_interest = True
        owing = [self.due(date(2025, 6, 1)) for _number in range(25)]
        coming = self.due(date(2025, 8, 31))
        self.run_on()
        letter = self.notices()
        content = self.print_pile(letter)
        pages = self.pages(content)
        self.assertEqual(len(pages), 4)
        self.assertIn(f"{25 * 263.99:,.2f}", pages[0])
        for page in pages[2:]:
            self.assertIn("§ 288 BGB", page)
            self.assertIn("29 days at 11.27 %, 62 days at 10.27 %", page)
            self.assertIn("263.99", page)
        listed = " ".join(pages[2:])
        for invoice in owing:
            self.assertEqual(listed.count(invoice.name), 1)
        self.assertNotIn(coming.name, listed)
