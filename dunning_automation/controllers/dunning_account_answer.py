from odoo.exceptions import UserError
from odoo.http import request

from ..models.dunning_account_answer import MAX_FILES, MAX_PARTS, MEGABYTE
from ..tools.account_page import to_number
from .dunning_account import DunningAccountPortal, account_route

SAID = (
    "promise",
    "plan",
    "plan_asked",
    "dispute",
    "copy",
    "contact",
    "call",
    "reply",
    "preferences",
)
MAX_REQUEST = 64 * MEGABYTE
"""More is not even read; ``res.company.dunning_upload_mb`` says so before."""


class DunningAccountAnswer(DunningAccountPortal):
    """Answers of customers on their account page, see ``dunning.account.answer``."""

    def _prepare_account_values(self, account):
        case_sudo = request.env["dunning.account.answer"]._search_case(
            account["partner_sudo"], account["company_sudo"]
        )
        said = request.params.get("said")
        return super()._prepare_account_values(account) | {
            "answer_choices": request.env["dunning.account.answer"]._get_choices(),
            "can_answer": bool(case_sudo),
            "dispute_reasons_sudo": request.env["dunning.dispute.reason"]
            .sudo()
            .search([]),
            "max_files": MAX_FILES,
            "max_parts": MAX_PARTS,
            "plan_intervals": request.env["dunning.plan"]
            ._fields["interval"]
            ._description_selection(request.env),
            "upload_mb": account["company_sudo"].dunning_upload_mb,
            "said": said if said in SAID else None,
        }

    @account_route("/answer", methods=["POST"], max_content_length=MAX_REQUEST)
    def dunning_account_answer(
        self,
        token=None,
        company_id=None,
        kind="",
        date="",
        reason="",
        text="",
        contact="",
        parts="",
        interval="",
        **kwargs,
    ):
        """The customer promises, contests, asks or tells something: all of it is taken,
        or nothing."""
        account = self._open_form(token, company_id)
        answers = request.env["dunning.account.answer"].sudo()
        case_sudo = answers._search_case(
            account["partner_sudo"], account["company_sudo"]
        )
        if not case_sudo:
            raise request.not_found()
        try:
            said = answers._answer(
                case_sudo,
                account["notice_sudo"],
                self._get_author(account),
                kind,
                self._get_ids("line"),
                date=answers._parse_date(date),
                reason_id=to_number(reason),
                text=text,
                contact=contact,
                parts=to_number(parts),
                interval=interval,
                files=self._get_files(account["company_sudo"]),
            )
        except UserError as error:
            typed = self._get_typed() | {"is_open": True}
            return self._render_account(account, error=str(error), typed=typed)
        return self._make_private(
            request.redirect(f"{account['account_url']}?said={said}")
        )

    def _get_files(self, company_sudo):
        """[(name, bytes), ...] of the chosen files, none longer than one byte too
        many."""
        limit = company_sudo.dunning_upload_mb * MEGABYTE
        return [
            (file.filename, file.read(limit + 1))
            for file in request.httprequest.files.getlist("file")[: MAX_FILES + 1]
            if file.filename
        ]

    def _get_author(self, account):
        """Who answers: the user if he is of the customer, else who got the link."""
        user_partner_sudo = request.env.user.partner_id.sudo()
        if user_partner_sudo.commercial_partner_id == account["partner_sudo"]:
            return user_partner_sudo
        return account["notice_sudo"].recipient_id or account["partner_sudo"]
