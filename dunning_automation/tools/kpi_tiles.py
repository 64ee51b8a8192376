"""What stands on the tiles of the dashboard: words, units and formulas."""

from typing import NamedTuple

from odoo.tools.translate import LazyGettext, LazyTranslate

from . import kpi

_lt = LazyTranslate(__name__, default_lang="en_US")


class Tile(NamedTuple):
    """A figure of the dashboard."""

    code: str
    title: LazyGettext
    unit: str
    """``money``, ``days``, ``percent`` or ``count``"""
    better: str
    """``up`` or ``down``; empty where more is neither good nor bad"""
    formula: LazyGettext


TILES = (
    Tile(
        "receivables",
        _lt("Receivables"),
        "money",
        "",
        _lt("What was open at the end of the day, less credits not matched yet."),
    ),
    Tile(
        "overdue",
        _lt("Overdue"),
        "money",
        "down",
        _lt("What was past due at the end of the day; credits are not taken off."),
    ),
    Tile(
        "dso",
        _lt("DSO"),
        "days",
        "down",
        _lt(
            "Days sales outstanding: receivables / sales of the period × its days. "
            "Sales are posted invoices less credit notes, tax included."
        ),
    ),
    Tile(
        "dso_countback",
        _lt("DSO, Countback"),
        "days",
        "down",
        _lt(
            "Sales are taken off the receivables month by month, from the latest one "
            "back, and the days of these months counted."
        ),
    ),
    Tile(
        "best_dso",
        _lt("Best Possible DSO"),
        "days",
        "",
        _lt("Receivables that are not past due / sales of the period × its days."),
    ),
    Tile(
        "add",
        _lt("Average Days Delinquent"),
        "days",
        "down",
        _lt("DSO − best possible DSO."),
    ),
    Tile(
        "cei",
        _lt("Collection Effectiveness"),
        "percent",
        "up",
        _lt(
            "(Opening receivables + sales − receivables) / (opening receivables + "
            "sales − what is not past due) × 100."
        ),
    ),
    Tile(
        "cei_cash",
        _lt("Effectiveness, Cash Only"),
        "percent",
        "up",
        _lt(
            "Cash in / (opening receivables + sales − what is not past due) × 100. "
            "Credit notes and write-offs do not count."
        ),
    ),
    Tile(
        "recovery",
        _lt("Recovery Rate"),
        "percent",
        "up",
        _lt(
            "Paid within 30 days of a reminder / amount reminded of × 100, over all "
            "levels; of reminders that had their 30 days."
        ),
    ),
    Tile(
        "promises",
        _lt("Promises Kept"),
        "percent",
        "up",
        _lt("Promises kept in full / promises decided in the period × 100, by number."),
    ),
    Tile(
        "at_risk",
        _lt("At-Risk Rate"),
        "percent",
        "down",
        _lt(
            "Unpaid 90 days after it was due / billed × 100; of invoices that fell due "
            "90 days before the days of the period."
        ),
    ),
    Tile(
        "sent",
        _lt("Messages Sent"),
        "count",
        "",
        _lt("Messages planned for the period that left, by their state now."),
    ),
    Tile(
        "delivered",
        _lt("Messages Delivered"),
        "count",
        "up",
        _lt("Messages planned for the period whose delivery was confirmed."),
    ),
    Tile(
        "failed",
        _lt("Messages Failed"),
        "count",
        "down",
        _lt("Messages planned for the period that could not be delivered."),
    ),
    Tile(
        "unknown",
        _lt("Messages Unknown"),
        "count",
        "down",
        _lt("Messages planned for the period that may or may not have arrived."),
    ),
)

REASONS = {
    kpi.NO_SALES: _lt("Nothing was sold in the period."),
    kpi.OLDER: _lt("What is open is more than a year of sales."),
    kpi.NOTHING_DUE: _lt("There was nothing to collect."),
    kpi.NOTHING_COUNTED: _lt("There is nothing to count yet."),
}
"""Why a tile has no figure."""

WORK = {
    "approvals": _lt("To Approve"),
    "unknown_outcomes": _lt("Outcome Unknown"),
    "disputes": _lt("Open Disputes"),
    "broken": _lt("Broken Promises"),
    "bounced": _lt("Bounced Addresses"),
    "data": _lt("Data Findings"),
}

AGING = {
    "not_due": _lt("Not due"),
    "1_30": _lt("1–30 days"),
    "31_60": _lt("31–60 days"),
    "61_90": _lt("61–90 days"),
    "over_90": _lt("Over 90 days"),
    "credits": _lt("Credits"),
}
