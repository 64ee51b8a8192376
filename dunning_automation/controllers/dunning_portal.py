from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager


class DunningPortal(CustomerPortal):
    """Reminders that are shown to the customer. What a user may see is decided by
    ``dunning.notice._search_portal``; an id that is not his looks like one that does
    not exist."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        notices, user = request.env["dunning.notice"], request.env.user
        if "dunning_reminder_count" in counters:
            values["dunning_reminder_count"] = notices._count_unread(user)
        if "dunning_reminder_total" in counters:
            values["dunning_reminder_total"] = notices._count_portal(user)
        return values

    @http.route(
        ["/my/reminders", "/my/reminders/page/<int(max=100000):page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_reminders(self, page=1, **kwargs):
        """The reminders of the user's company, the newest first."""
        notices = request.env["dunning.notice"]
        values = self._prepare_portal_layout_values()
        pager = portal_pager(
            url="/my/reminders",
            total=notices._count_portal(request.env.user),
            page=page,
            step=self._items_per_page,
        )
        notices_sudo = notices._search_portal(
            request.env.user, limit=self._items_per_page, offset=pager["offset"]
        )
        values.update(
            {
                "notices_sudo": notices_sudo,
                "page_name": "dunning_reminder",
                "pager": pager,
                "default_url": "/my/reminders",
            }
        )
        return request.render("dunning_automation.portal_my_reminders", values)

    @http.route(
        "/my/reminders/<int(max=2147483647):notice_id>",
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_reminder(self, notice_id, **kwargs):
        """One reminder as it was sent. Opening it marks it as read."""
        notice_sudo = request.env["dunning.notice"]._search_portal(
            request.env.user, [("id", "=", notice_id)]
        )
        if not notice_sudo:
            raise request.not_found()
        notice_sudo._mark_read()
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "notice_sudo": notice_sudo,
                "items": notice_sudo._get_portal_items(),
                "page_name": "dunning_reminder",
            }
        )
        return request.render("dunning_automation.portal_my_reminder", values)
