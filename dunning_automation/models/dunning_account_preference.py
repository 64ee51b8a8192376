from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from ..tools import courtesy

ALWAYS = ("letter",)
"""Channels that nobody opts out of by himself: what the law requires to be said must
reach the customer. A person of ours may still note such an opt-out."""


class DunningAccountPreference(models.AbstractModel):
    """How a customer wants to hear from us, as he says on his account page.

    The language is of the person who says it; the preferred channel and the opt-outs
    are of the customer. An opt-out holds back at once what waits; language and channel
    are used from the next reminder on. Whatever is chosen can be changed back on the
    same page, and each change is told as an event.
    """

    _name = "dunning.account.preference"
    _description = "Preferences on the Account Page"

    @api.model
    def _read(self, partner, person):
        """What is chosen now.

        :param partner: the commercial partner whose account it is
        :param person: ``res.partner`` of this customer who looks at it
        :return: dict with ``lang`` and ``channel`` (codes, False if none is chosen),
            ``refused`` (set of channels that ``person`` is opted out of),
            ``languages``, ``channels`` and ``refusable`` (lists of (code, label))
        """
        channels = self._get_channels()
        optouts = self._search_optouts(partner)
        return {
            "person": person,
            "lang": person.lang,
            "channel": partner.dunning_channel,
            "refused": {
                name for name, _label in channels if optouts._concerns(person, name)
            },
            "languages": self.env["res.lang"].get_installed(),
            "channels": channels,
            "refusable": [row for row in channels if row[0] not in ALWAYS],
        }

    @api.model
    def _save(self, case, notice, partner, company, person, wanted):
        """Take over what the customer chose. What is as it was changes nothing.

        :param case: the ``dunning.case`` in whose timeline it is told, may be empty
        :param notice: ``dunning.notice`` with the link, empty for portal users
        :param dict wanted: ``lang`` (code), ``channel`` (code, empty = none) and
            ``refused`` (iterable of channels)
        :raise UserError: in words for the customer
        """
        self = self.with_user(SUPERUSER_ID).with_company(company)
        partner, person = partner.with_env(self.env), person.with_env(self.env)
        present = self._read(partner, person)
        refused = set(wanted["refused"])
        self._check(present, wanted["lang"], wanted["channel"], refused)
        told = {"partner_id": partner.id, "case_id": case.id, "notice_id": notice.id}
        if wanted["lang"] != present["lang"]:
            person.lang = wanted["lang"]
            languages = dict(present["languages"])
            self._tell(
                "language_chosen",
                {"lang": wanted["lang"], "previous": present["lang"]},
                note=languages[wanted["lang"]],
                **told,
            )
        if (wanted["channel"] or False) != present["channel"]:
            partner.dunning_channel = wanted["channel"] or False
            self._tell(
                "channel_preferred",
                {"channel": wanted["channel"] or None, "previous": present["channel"]},
                **told,
            )
        self._set_refused(partner, person, present, refused)

    @api.model
    def _check(self, present, lang, channel, refused):
        if lang not in dict(present["languages"]):
            raise UserError(self.env._("Please choose one of the languages."))
        if channel and channel not in dict(present["channels"]):
            raise UserError(self.env._("Please choose one of the ways to reach you."))
        if not refused <= set(dict(present["refusable"])):
            raise UserError(
                self.env._(
                    "Letters cannot be switched off: what the law requires us to tell "
                    "you must reach you."
                )
            )
        if channel in refused:
            raise UserError(
                self.env._(
                    "You prefer a way that you do not want to be reached by: please "
                    "choose another one."
                )
            )

    @api.model
    def _set_refused(self, partner, person, present, refused):
        """Withdraw the opt-outs that ``person`` does not want any more, and add those
        that are missing then: one for everything may become one for each channel."""
        agreed = {name for name, _label in present["refusable"]} - refused
        optouts = self._search_optouts(partner)
        ended = optouts.filtered(
            lambda optout: any(optout._concerns(person, name) for name in agreed)
        )
        ended._withdraw(self.env._("On the account page"))
        for name in sorted(refused):
            if not (optouts - ended)._concerns(person, name):
                optouts._add(partner, name, source="portal")

    @api.model
    def _search_optouts(self, partner):
        optouts = self.env["dunning.optout"]._search_of(partner)
        return optouts.filtered(lambda optout: optout.state == "active")

    @api.model
    def _get_channels(self):
        """[(code, label)] of the ways in which we can reach a customer."""
        choices = self.env["dunning.courtesy"]._select_channel()
        return [row for row in choices if row[0] != courtesy.ALL]

    @api.model
    def _tell(self, kind, payload, **values):
        self.env["dunning.event"].create(
            {
                "company_id": self.env.company.id,
                "kind": kind,
                "payload": payload,
                **values,
            }
        )
