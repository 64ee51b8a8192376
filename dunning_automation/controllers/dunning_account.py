import functools

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from odoo.addons.account_payment.controllers.portal import PortalAccount

from ..tools import account_page, rate_limit, visitors

PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
"""The address of the page is its key: nobody else gets to know or to keep it."""


class TooOften(Exception):
    """Somebody tries more than he may; the argument are the seconds to wait."""


def is_customer():
    """Whether a customer looks, and not a machine or one of us."""
    headers = request.httprequest.headers
    return (
        visitors.is_person(request.httprequest.method, headers)
        and not request.env["ir.http"].is_a_bot()
        and not request.env.user._is_internal()
    )


def account_route(path="", **options):
    """A page below the account, for those with a link and for portal users."""
    route = http.route(
        [
            f"/dunning/account/<string(maxlength=80):token>{path}",
            f"/my/dunning/<int(max=2147483647):company_id>{path}",
        ],
        **{"type": "http", "auth": "public", "website": True, "multilang": False}
        | options,
    )

    def decorate(method):
        @functools.wraps(method)
        def answer(self, *args, **kwargs):
            try:
                return method(self, *args, **kwargs)
            except TooOften as refusal:
                return self._refuse(*refusal.args)

        return route(answer)

    return decorate


class DunningAccountPortal(PortalAccount):
    """The customer's account. Who may see which is decided in ``_open_account``, before
    anything else; what must not be seen looks like what does not exist."""

    # === ACCESS === #

    def _open_account(self, token=None, company_id=None):
        """The account that the visitor may see.

        :return: dict with ``partner_sudo`` (commercial), ``company_sudo``,
            ``notice_sudo`` (of the link, empty for portal users) and ``account_url``
        :raise NotFound: for whatever is forged, expired, withdrawn, foreign or missing
        """
        account = self._open_link(token) if token else self._open_portal(company_id)
        if not account:
            raise request.not_found()
        return account

    def _open_form(self, token=None, company_id=None):
        """Like ``_open_account``, for whoever sends a form.

        :raise TooOften: when too many came from there, or for this account
        """
        account = self._open_account(token, company_id)
        actors = {
            "address": self._get_address(),
            "account": (account["partner_sudo"].id, account["company_sudo"].id),
        }
        self._check_rate("form", **actors)
        request.env["dunning.attempt"]._note("form", **actors)
        return account

    def _check_rate(self, kind, **actors):
        if wait := request.env["dunning.attempt"]._get_wait(kind, **actors):
            raise TooOften(wait)

    def _get_address(self):
        """Where the visitor comes from; behind a proxy Odoo must know that it is
        there (``proxy_mode``), or all visitors are one."""
        return rate_limit.network(request.httprequest.remote_addr)

    def _refuse(self, seconds):
        """The answer to who tries too often: not now, and when."""
        minutes = -(-seconds // 60)
        if request.dispatcher.routing_type == "jsonrpc":
            raise UserError(
                request.env._(
                    "This was tried too often. Please wait %s minutes.", minutes
                )
            )
        values = {**self._prepare_portal_layout_values(), "minutes": minutes}
        response = request.render(
            "dunning_automation.portal_too_often", values, status=429
        )
        response.headers["Retry-After"] = str(seconds)
        return self._make_private(response)

    def _open_link(self, token):
        address = self._get_address()
        self._check_rate("token", address=address)
        notice_sudo = request.env["dunning.notice"]._search_account(token)
        if not notice_sudo:
            request.env["dunning.attempt"]._note("token", address=address)
            return None
        person_sudo = notice_sudo.recipient_id or notice_sudo.partner_id
        self._speak(person_sudo.lang or notice_sudo.lang)
        return {
            "partner_sudo": notice_sudo.partner_id,
            "company_sudo": notice_sudo.company_id,
            "notice_sudo": notice_sudo,
            "account_url": f"/dunning/account/{token}",
        }

    def _open_portal(self, company_id):
        """Everybody of a customer sees the customer's account; employees have the
        cases."""
        request.env["ir.http"]._auth_method_user()
        companies_sudo = self._search_companies()
        company_sudo = companies_sudo.filtered(lambda c: c.id == company_id)
        return company_sudo and {
            "partner_sudo": request.env.user.partner_id.commercial_partner_id.sudo(),
            "company_sudo": company_sudo,
            "companies_sudo": companies_sudo,
            "notice_sudo": request.env["dunning.notice"].sudo(),
            "account_url": f"/my/dunning/{company_id}",
        }

    def _search_companies(self):
        """Whose customer the user is, as superuser: he has no right on companies."""
        user = request.env.user
        if not user.share:
            return request.env["res.company"].sudo()
        return (
            request.env["dunning.account"]
            .sudo()
            ._search_companies(user.partner_id.commercial_partner_id)
        )

    def _speak(self, code):
        """The language of whoever got the message: he may have chosen it here."""
        code = request.env["ir.http"].get_nearest_lang(code)
        if code:
            request.lang = request.env["res.lang"]._get_data(code=code)
            request.update_context(lang=code)

    def _read_account(self, account):
        """What ``dunning.account`` knows, in the language of the visitor."""
        return (
            request.env["dunning.account"]
            .sudo()
            ._read(account["partner_sudo"], account["company_sudo"])
        )

    def _make_private(self, response):
        response.headers.update(PRIVATE_HEADERS)
        return response

    def _download(self, content, mimetype, name):
        return request.make_response(
            content,
            [
                ("Content-Type", mimetype),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
                *PRIVATE_HEADERS.items(),
            ],
        )

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "dunning_account_count" in counters:
            values["dunning_account_count"] = len(self._search_companies())
        return values

    # === PAGES === #

    @http.route("/my/dunning", type="http", auth="user", website=True)
    def portal_my_dunning(self, **kwargs):
        """The first of the accounts that the user may see."""
        companies_sudo = self._search_companies()
        if not companies_sudo:
            raise request.not_found()
        return request.redirect(f"/my/dunning/{companies_sudo[0].id}")

    @account_route(methods=["GET"])
    def dunning_account(self, token=None, company_id=None, **kwargs):
        """Open invoices, what was paid, and what can be done about it."""
        account = self._open_account(token, company_id)
        if account["notice_sudo"] and is_customer():
            account["notice_sudo"]._track("account_opened")
        return self._render_account(account)

    def _render_account(self, account, error=None, typed=None):
        """
        :param str error: why what the customer wanted was not done
        :param dict typed: what he had entered, see ``_get_typed``, so that he need not
            do it again
        """
        contents = self._read_account(account)
        for group in contents["groups"]:
            self._place(group, typed)
        values = self._prepare_account_values(account) | {
            "account": contents,
            "error": error,
        }
        response = request.render("dunning_automation.portal_account", values)
        return self._make_private(response)

    def _get_typed(self):
        """What the customer entered in the form of a currency, and what he ticked on
        whichever page of it."""
        form = request.httprequest.form
        names = (
            "currency",
            "kind",
            "date",
            "reason",
            "text",
            "contact",
            "parts",
            "interval",
        )
        page = form.get("page", "")
        return {name: form.get(name, "") for name in names} | {
            "page": account_page.to_number(page[:9]) or 1,
            "lines": self._get_ids("line"),
        }

    def _get_ids(self, name):
        return account_page.parse_ids(request.httprequest.form.getlist(name))

    def _place(self, group, typed):
        """Add to a ``group`` of the account the page of it that is shown, and what was
        typed if that was in its form."""
        proposed = {item["id"] for item in group["items"] if item["is_proposed"]}
        if not typed or typed["currency"] not in ("", str(group["currency"].id)):
            typed = {}
        group["proposed_ids"] = sorted(proposed)
        group["typed"] = typed
        group["page"] = account_page.paginate(
            group["items"],
            typed.get("page", 1),
            set(typed.get("lines", proposed)),
        )

    @account_route("/select", methods=["POST"])
    def dunning_account_select(self, token=None, company_id=None, ticks="", **kwargs):
        """Another page of the open invoices. What is ticked travels in the form.

        :param str ticks: ``none`` or ``proposed`` to tick that instead
        """
        account = self._open_account(token, company_id)
        typed = self._get_typed()
        if ticks == "none":
            typed["lines"] = []
        elif ticks == "proposed":
            typed["lines"] = self._get_ids("proposed")
        return self._render_account(account, typed=typed)

    def _prepare_account_values(self, account):
        """What every page below the account needs."""
        return {
            **self._prepare_portal_layout_values(),
            **account,
            "page_name": "dunning_account",
            "res_company": account["company_sudo"],
            "no_breadcrumbs": bool(account["notice_sudo"]),
            **request.env["dunning.composer"]._get_formats(),
        }

    @account_route("/statement.csv", methods=["GET"])
    def dunning_account_csv(self, token=None, company_id=None, **kwargs):
        """The open items as a table for a spreadsheet."""
        account = self._open_account(token, company_id)
        content = (
            request.env["dunning.account"].sudo()._make_csv(self._read_account(account))
        )
        return self._download(content, "text/csv; charset=utf-8", "statement.csv")

    @account_route("/statement.pdf", methods=["GET"])
    def dunning_account_pdf(self, token=None, company_id=None, **kwargs):
        """The statement of account, to print."""
        account = self._open_account(token, company_id)
        content = (
            request.env["dunning.account"]
            .sudo()
            ._make_pdf(account["partner_sudo"], account["company_sudo"])
        )
        return self._download(content, "application/pdf", "statement.pdf")

    @account_route("/invoice/<int(max=2147483647):move_id>.pdf", methods=["GET"])
    def dunning_account_invoice(self, move_id, token=None, company_id=None, **kwargs):
        """An open invoice or credit note as it was sent."""
        account = self._open_account(token, company_id)
        move_sudo = (
            request.env["dunning.account"]
            .sudo()
            ._search_document(account["partner_sudo"], account["company_sudo"], move_id)
        )
        if not move_sudo:
            raise request.not_found()
        document = move_sudo._get_invoice_legal_documents("pdf", allow_fallback=True)
        return self._download(
            document["content"], "application/pdf", document["filename"]
        )
