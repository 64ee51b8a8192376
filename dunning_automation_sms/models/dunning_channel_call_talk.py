from odoo import SUPERUSER_ID, api, models, tools
from odoo.exceptions import UserError
from odoo.tools import consteq, format_date
from odoo.tools.urls import urljoin

from odoo.addons.dunning_automation.tools import account_token, notice_states

from ..tools import call_script, sms_webhook, webhook_signature
from ..tools.phone_numbers import sms_number

SCOPE = "dunning_call_talk"
STEPS = ("menu", "key", "status")


class DunningChannelCallTalk(models.AbstractModel):
    """The talk of an automated call: what it says, which keys mean what, how it ended.

    The provider asks us step by step. Its signature proves that it is the provider, the
    token in the address which call it is. Each outcome is a call on the case; the first
    one counts.
    """

    _name = "dunning.channel.call.talk"
    _description = "Dunning: Talk of an Automated Call"

    # === WHO ASKS === #

    def _get_talk_url(self):
        token = account_token.join(self.id, self._get_talk_signature())
        return urljoin(self.company_id.get_base_url(), f"/dunning/call/{token}/")

    def _get_talk_signature(self):
        return tools.hmac(self.env(su=True), SCOPE, (self.id, self.company_id.id))

    @api.model
    def _answer_talk(self, token, step, signature, fields_):
        """What to say next.

        :param fields_: ``(name, value)`` of the form
        :return: TwiML; None = forged, or no such call: whoever asks cannot tell which
        """
        notices = self.with_user(SUPERUSER_ID).env["dunning.notice"]
        number, proof = account_token.split(token) or (0, "")
        notice = notices.search([("id", "=", number), ("channel", "=", "call")])
        if not consteq(proof, notice[:1]._get_talk_signature()) or step not in STEPS:
            return None
        secret = notice._get_call_gateway_sudo().secret or ""
        url = notice._get_talk_url() + step
        if not webhook_signature.is_twilio(secret, url, fields_, signature):
            return None
        notice = notice.with_company(notice.company_id).with_context(
            lang=notice.lang or notice.partner_id.lang
        )
        return getattr(notice, f"_talk_{step}")(dict(fields_))

    # === STEPS === #

    def _talk_menu(self, heard):
        """The first words. A machine hears nothing of the debt."""
        if call_script.is_machine(heard.get("AnsweredBy", "")):
            self._note_call("voicemail")
            return self._say(
                self.env._(
                    "This is %s. Please call us back. Goodbye.", self.company_id.name
                )
            )
        return call_script.ask(
            f"{self.call_text} {self._get_menu()}",
            call_script.voice(self.lang),
            f"{self._get_talk_url()}key",
            self.env._("Goodbye."),
        )

    def _get_menu(self):
        return self.env._(
            "Press 1 to get a link for the payment as a text message. Press 2 to "
            "promise the payment until %(date)s. Press 3 to talk to a person. Press 9 "
            "if you want no more calls.",
            date=format_date(self.env, self._get_offered_date()),
        )

    def _get_offered_date(self):
        return call_script.offered_date(self.company_id._dunning_today())

    def _talk_key(self, heard):
        key = heard.get("Digits", "")
        if key not in call_script.KEYS:
            return call_script.ask(
                self._get_menu(),
                call_script.voice(self.lang),
                f"{self._get_talk_url()}key",
                self.env._("Goodbye."),
            )
        return getattr(self, f"_press_{key}")()

    def _talk_status(self, heard):
        """How the call ended; the last that we hear of it."""
        status = heard.get("CallStatus", "")
        if status == call_script.DONE:
            machine = call_script.is_machine(heard.get("AnsweredBy", ""))
            if self.call_result == "voicemail" or machine and not self.call_result:
                self._note_call("voicemail")
                self._miss_call(self.env._("Only a machine took the call."))
            else:
                self._note_call("reached")
                self._settle_call(sms_webhook.DELIVERED)
        elif outcome := call_script.NOT_REACHED.get(status):
            self._note_call(outcome)
            self._miss_call(self.env._("Nobody took the call."))
        return "<Response />"

    # === KEYS === #

    def _press_1(self):
        """The link to his account, as a text message; a landline gets none."""
        number, _reason = sms_number(self.email_to, None)
        if not number or not self.sms_link:
            return self._say(
                self.env._("This telephone cannot get text messages. Goodbye.")
            )
        self._note_call("reached", self.env._("Wants the link as a text message"))
        self.env["dunning.sms.once"]._ask(
            f"link {self.id}",
            self.company_id,
            number,
            f"{self.company_id.name}: {self.sms_link}",
        )
        return self._say(self.env._("You get the text message now. Goodbye."))

    def _press_2(self):
        """A promise until the day that was offered, as on the account page."""
        date = self._get_offered_date()
        lines = self._get_lines().move_line_id
        if not self.call_result and self.case_id.state == "open":
            try:
                self.env["dunning.account.answer"]._answer(
                    self.case_id,
                    self.env["dunning.notice"].browse(self.id),
                    self.recipient_id or self.partner_id,
                    "promise",
                    lines.ids,
                    date=date,
                )
            except UserError:  # It is paid meanwhile, or he called ten times today.
                return self._say(self.env._("Thank you. Goodbye."))
            self._note_call("promised", format_date(self.env, date))
        return self._say(
            self.env._(
                "Thank you. We count on your payment until %s. Goodbye.",
                format_date(self.env, date),
            )
        )

    def _press_3(self):
        """A person: put through, where there is a number; a task in any case."""
        self._note_call(
            "callback",
            self.env._("Wants to talk to a person"),
            callback_date=self.company_id._dunning_today(),
        )
        number = self._get_call_gateway_sudo().transfer_number
        if not number:
            return self._say(self.env._("We will call you back. Goodbye."))
        words = self.env._("We put you through. Please wait.")
        return call_script.connect(words, call_script.voice(self.lang), number)

    def _press_9(self):
        """No more calls, neither by machines nor by people."""
        self._note_call("reached", self.env._("Wants no more calls"))
        self.env["dunning.optout"].sudo()._add(
            self.partner_id, "phone", self.email_to, "keyword", "9"
        )
        return self._say(self.env._("We will not call you any more. Goodbye."))

    def _say(self, text):
        return call_script.say(text, call_script.voice(self.lang))

    # === WHAT CAME OF IT === #

    def _note_call(self, outcome, note="", **values):
        """A call on the case, once; the first outcome counts."""
        if self.call_result or not self.case_id:
            return
        self.call_result = outcome
        collector = self.case_id._get_collector(self.policy_id)
        self.env["dunning.call"].create(
            {
                "case_id": self.case_id.id,
                "user_id": collector.id,
                "outcome": outcome,
                "note": ": ".join(filter(None, (self.env._("Automated call"), note))),
                "called_anyway": self.case_id.refuses_calls,
                **values,
            }
        )

    def _settle_call(self, word):
        """The call was made: that proves that the provider took the order."""
        if target := sms_webhook.next_state(self.state, word):
            date_sent = self.date_sent or self.env.cr.now()
            self._set_state(target, date_sent=date_sent, not_before=False)

    def _miss_call(self, reason):
        """Nobody heard it: where the action has a fallback, that says the same; else
        the call was made and the ladder goes on."""
        self._settle_call(sms_webhook.SENT)
        if self.action_id.fallback_id and notice_states.allowed(
            self.state, notice_states.FAILED
        ):
            self._set_state(notice_states.FAILED, reason)
            self._bounce(reason, address_is_wrong=False)

    def _pretend_call(self):
        """What the demo provider would tell us."""
        event = call_script.DEMO.get(self.email_to[-2:], "")
        notice = self.with_context(lang=self.lang)
        if event in call_script.KEYS:
            notice._talk_key({"Digits": event})
        if event in call_script.NOT_REACHED:
            notice._talk_status({"CallStatus": event})
        else:
            who = "machine_start" if event == "voicemail" else "human"
            notice._talk_status({"CallStatus": call_script.DONE, "AnsweredBy": who})
