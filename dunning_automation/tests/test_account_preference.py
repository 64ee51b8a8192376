from odoo import http
from odoo.tests import tagged

from .account_common import AccountCommon


@tagged("post_install", "-at_install")
class TestAccountPreference(AccountCommon):
    """How a customer wants to hear from us, and that we keep to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.complete = {
            "street": "1 Main St",
            "zip": "10001",
            "city": "New York",
            "country_id": cls.env.ref("base.us").id,
        }

    def setUp(self):
        super().setUp()
        self.customer.write({"lang": "en_US", **self.complete})
        self.env.flush_all()

    def choose(self, login=None, path=None, **form):
        """The customer sends the form; what he does not touch is as it was."""
        self.authenticate(login, login)
        shown = self.env["dunning.account.preference"]._read(
            self.customer, self.customer
        )
        answer = self.url_open(
            f"{path or self.link}/preferences",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "lang": shown["lang"],
                "channel": shown["channel"] or "",
                "refused": sorted(shown["refused"]),
                **form,
            },
        )
        self.env.invalidate_all()
        return answer

    def kinds(self):
        events = self.env["dunning.event"].search(
            [("partner_id", "=", self.customer.id)], order="id"
        )
        ours = (
            "language_chosen",
            "channel_preferred",
            "optout_set",
            "optout_withdrawn",
        )
        return [event.kind for event in events if event.kind in ours]

    def active(self):
        optouts = self.env["dunning.optout"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "active")]
        )
        return sorted(optouts.mapped("channel"))

    def chain(self, main, fallback):
        """A level whose action on ``main`` falls back on ``fallback``."""
        template = self.env.ref("dunning_automation.mail_template_friendly")
        action = self.use(main, template_id=template.id)
        self.env.flush_all()
        action.fallback_id = self.env["dunning.action"].create(
            {
                "level_id": action.level_id.id,
                "channel": fallback,
                "template_id": template.id,
                "is_fallback": True,
            }
        )
        return action

    def next_notice(self):
        customer = self._create_customer(**self.complete)
        customer.dunning_channel = self.customer.dunning_channel
        return self.planned(partner=customer)[0]

    # === OPT-OUTS === #

    def test_opt_out_holds_back_at_once_what_waits(self):
        self.invoice(days_overdue=9)
        self.travel(7)
        self.run_on(7)
        waiting = self.notices()[-1:]
        self.assertEqual((waiting.channel, waiting.state), ("email", "ready"))
        answer = self.choose(refused=["email"])
        self.assertIn("You can change it back", answer.text)
        self.assertEqual(waiting.state, "suppressed")
        self.assertEqual(self.active(), ["email"])
        self.assertEqual(self.kinds(), ["optout_set"])

    def test_it_can_be_undone(self):
        self.choose(refused=["email", "phone"])
        self.choose(refused=["phone"])
        self.assertEqual(self.active(), ["phone"])
        self.choose(refused=[])
        self.assertEqual(self.active(), [])
        self.assertEqual(self.kinds(), ["optout_set"] * 2 + ["optout_withdrawn"] * 2)

    def test_one_for_everything_becomes_one_for_each(self):
        self.env["dunning.optout"]._add(self.customer, "all")
        self.choose(refused=["email", "phone"])
        self.assertEqual(self.active(), ["email", "phone"])

    def test_opt_out_of_his_address_is_shown_and_ends(self):
        self.env["dunning.optout"]._add(self.customer, "email", self.customer.email)
        page = self.page(None, self.link).text
        self.assertRegex(page, r'value="email"[^>]*checked')
        self.choose(refused=[])
        self.assertEqual(self.active(), [])

    def test_letters_remain(self):
        answer = self.choose(refused=["letter"])
        self.assertIn("must reach you", answer.text)
        self.assertEqual(self.active(), [])
        self.assertNotIn('value="letter" checked', answer.text)

    def test_choosing_the_same_again_changes_nothing(self):
        self.choose(refused=["email"], channel="letter", lang="de_DE")
        count = len(self.kinds())
        self.choose()
        self.assertEqual(len(self.kinds()), count)

    # === LANGUAGE === #

    def test_language_of_the_page_and_of_the_next_message(self):
        answer = self.choose(lang="de_DE")
        self.assertIn('lang="de-DE"', answer.text)
        self.assertEqual(self.customer.lang, "de_DE")
        event = self.notice.event_ids.filtered(lambda e: e.kind == "language_chosen")
        self.assertEqual(
            (event.payload["lang"], event.payload["previous"]), ("de_DE", "en_US")
        )
        self.invoice(days_overdue=9)
        self.travel(7)
        self.run_on(7)
        self.assertEqual(self.notices()[-1:].lang, "de_DE")

    def test_language_is_the_colleagues_own(self):
        anna = self.portal_user("p_anna", self.customer)
        self.choose("p_anna", f"/my/dunning/{self.company.id}", lang="de_DE")
        self.assertEqual(anna.partner_id.lang, "de_DE")
        self.assertEqual(self.customer.lang, "en_US")

    # === THE PREFERRED CHANNEL IS USED === #

    def test_notice_leaves_on_the_preferred_channel(self):
        self.chain("email", "letter")
        self.assertEqual(self.next_notice().channel, "email")
        self.choose(channel="letter")
        self.assertEqual(self.customer.dunning_channel, "letter")
        notice = self.next_notice()
        self.assertEqual(notice.channel, "letter")
        event = notice.event_ids.filtered(lambda e: e.kind == "fallback_used")
        self.assertEqual(
            event.payload,
            {
                "channel_from": "email",
                "channel": "letter",
                "reason": "preferred_channel",
            },
        )
        self.assertFalse(notice.case_id.activity_ids, "there is nothing to repair")

    def test_who_is_not_reached_there_gets_the_main_one(self):
        self.chain("email", "letter")
        customer = self._create_customer(street=False, zip=False)
        customer.dunning_channel = "letter"
        notice, _invoice = self.planned(partner=customer)
        self.assertEqual(notice.channel, "email")

    def test_level_that_has_no_such_action_stays_as_it_is(self):
        self.customer.dunning_channel = "portal"
        self.assertEqual(self.next_notice().channel, "email")

    def test_letters_and_inner_steps_do_not_give_way(self):
        """A demand that the law wants on paper comes on paper."""
        self.customer.dunning_channel = "email"
        kind = self.env.ref("mail.mail_activity_data_todo")
        self.chain("letter", "email")
        self.assertEqual(self.next_notice().channel, "letter")
        self.level(1).action_ids.filtered(lambda a: a.channel == "letter").write(
            {"channel": "activity", "activity_type_id": kind.id}
        )
        self.assertEqual(self.next_notice().channel, "activity")

    def test_prefers_calls_by_whomever(self):
        self.chain("email", "phone")
        self.customer.dunning_channel = "phone"
        self.complete = {**self.complete, "phone": "+1 202 555 0122"}
        self.assertEqual(self.next_notice().channel, "phone")

    # === BAD INPUT === #

    def test_what_cannot_be_chosen(self):
        table = [
            ({"lang": "xx_XX"}, "one of the languages"),
            ({"lang": ""}, "one of the languages"),
            ({"channel": "activity"}, "one of the ways"),
            ({"refused": ["activity"]}, "must reach you"),
            ({"channel": "email", "refused": ["email"]}, "choose another one"),
        ]
        for form, words in table:
            with self.subTest(form):
                answer = self.choose(**form)
                self.assertEqual(answer.status_code, 200)
                self.assertIn(words, answer.text)
        self.assertEqual((self.kinds(), self.active()), ([], []))
