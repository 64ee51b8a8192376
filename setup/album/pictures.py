"""The pictures that README, documentation and app store show, and how to get each."""

from __future__ import annotations

from dataclasses import dataclass

# Pictures that show no page.
DRAWN = {
    "docs/pictures/states.svg": "a drawing; tests/test_docs.py holds it to the code",
    "docs/pictures/way.svg": "a drawing",
}


@dataclass(frozen=True)
class Picture:
    """A page and what to do there. Passwords are those of the demo."""

    name: str
    url: str = ""
    """`{}` is what `field` says. Without one it is that itself, as a program for mail
    shows it."""
    steps: tuple = ()
    """Of a tour. What must be seen is a step without a `run`."""
    login: str = "manager"
    size: tuple = (1400, 820)
    model: str = ""
    domain: tuple = ()
    """The first record of the model that this user finds with it ..."""
    field: str = "id"
    """... and what is asked of it."""
    addon: str = "dunning_automation"

    @property
    def path(self) -> str:
        """Its file, from the top of the repository."""
        return f"{self.addon}/static/description/{self.name}.png"


def see(trigger: str) -> dict:
    return {"trigger": trigger}


def click(trigger: str) -> dict:
    return {"trigger": trigger, "run": "click"}


DASHBOARD = (
    see(".o_dunning_check[data-reconciles=true]"),
    see("[data-chart=aging] canvas"),
    see("section[aria-label='Top debtors'] tbody tr"),
)

PICTURES = (
    Picture(
        "worklist",
        "/odoo/dunning-worklist",
        (see(".o_data_row:eq(9):contains(overdue)"),),
        login="collector",
    ),
    Picture("dashboard", "/odoo/dunning-dashboard", DASHBOARD, size=(1400, 1100)),
    Picture("dashboard_phone", "/odoo/dunning-dashboard", DASHBOARD, size=(390, 1300)),
    Picture(
        "dashboard",
        "/odoo/dashboards",
        (
            click(".o_search_panel_category_value:contains(Collections)"),
            see(".o-figure canvas"),
        ),
        size=(1280, 900),
        addon="dunning_automation_spreadsheet",
    ),
    Picture(
        "ladder",
        "/odoo/dunning-ladder",
        (see(".o_kanban_group:eq(2) .o_kanban_record"),),
        login="collector",
    ),
    Picture(
        "case",
        "/odoo/dunning-worklist/{}",
        (
            see("[name=partner_id]"),
            see(".o_dunning_aging button[data-bucket]"),
            see(".o-mail-Message"),
        ),
        login="collector",
        size=(1400, 980),
        model="dunning.promise",
        domain=(("state", "=", "open"),),
        field="case_id",
    ),
    Picture(
        "decisions",
        "/odoo/dunning-decisions",
        (
            click(".o_group_header:contains(On hold)"),
            see(".o_data_row:eq(9)"),
        ),
        login="collector",
    ),
    Picture(
        "notice",
        "/odoo/dunning-approvals/{}",
        (
            see("button[name=action_approve]"),
            see(".o_field_widget[name=line_ids] .o_data_row"),
        ),
        model="dunning.notice",
        domain=(("state", "=", "planned"), ("simulation", "=", False)),
    ),
    Picture(
        "policy",
        "/odoo/dunning-policies/{}",
        (see(".o_field_widget[name=level_ids] .o_data_row:eq(4)"),),
        size=(1400, 980),
        model="dunning.policy",
    ),
    Picture(
        "health",
        "/odoo/dunning-health",
        (see(".o_dunning_health .fa-check-circle"),),
        size=(1400, 980),
    ),
    Picture(
        "replay",
        "/odoo/dunning-replays/{}",
        (
            see(".o_dunning_chart canvas, canvas"),
            see(".o_field_widget[name=figures_html] tr"),
        ),
        size=(1400, 940),
        model="dunning.replay",
        domain=(("state", "=", "done"), ("policy_id", "!=", False)),
    ),
    Picture(
        "start",
        "/odoo/dunning-start",
        (see("[data-step=policy][data-state=done]"), see("[data-finding]")),
        size=(1400, 1000),
    ),
    Picture(
        "interest",
        "/odoo/dunning-interest-rules/{}",
        (see(".o_field_widget[name=name]"),),
        size=(1400, 980),
        model="dunning.interest.rule",
        domain=(("name", "=", "Germany, businesses"),),
    ),
    Picture(
        "rates",
        "/odoo/dunning-reference-rates/{}",
        (see(".o_data_row:eq(3)"),),
        size=(1400, 620),
        model="dunning.reference.series",
        domain=(("code", "=", "bgb_247"),),
    ),
    Picture(
        "courtesy",
        "/odoo/dunning-courtesy/{}",
        (see(".o_field_widget[name=window_ids] .o_data_row"),),
        size=(1400, 800),
        model="dunning.courtesy",
        domain=(("name", "=", "EU B2B"),),
    ),
    Picture(
        "bank",
        "/odoo/dunning-worklist/{}",
        (
            see("div[name=possible_payment] button[name=action_match_payment]"),
            see(".o-mail-Message"),
        ),
        model="dunning.call",
        domain=(("note", "=", "Says that he has paid."),),
        field="case_id",
    ),
    Picture(
        "credit_hold",
        "/odoo/sales/{}",
        (see(".alert-danger:contains(credit hold)"),),
        size=(1400, 700),
        model="sale.order",
        domain=(("partner_id.dunning_credit_hold", "=", "block"),),
        addon="dunning_automation_sale",
    ),
    Picture(
        "email",
        size=(680, 860),
        model="dunning.notice",
        domain=(("channel", "=", "email"), ("state", "=", "sent")),
        field="body",
    ),
    Picture(
        "account",
        "/my/dunning/1",
        (see("button[value=overdue]"),),
        login="portal@example.com",
        size=(1200, 1000),
    ),
)
