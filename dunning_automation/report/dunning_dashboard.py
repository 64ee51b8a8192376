from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools import aging, kpi
from ..tools.kpi_tiles import AGING, REASONS, TILES, WORK
from .dunning_dashboard_ledger import PROMPT_DAYS, RISK_DAYS, Scope

PERIODS = (1, 3, 6, 12)
TREND = 13
HISTORY = 24
"""Months that are read: a year of trend, and a year before its first point."""
COUNTBACK = 12
FIRST_YEAR = 1900
WEEKS = 13
TOP = 10
CHECKED = ("aging", "total", "open", "balance", "outside")
"""Of each row of the check"""
FILTERS = {"company_id", "date", "months", "currency_id"}
"""Beside those of ``_get_customer_filters``."""
DELIVERED = ("sent", "delivered")
DECIDED = ("kept", "partial", "broken")


class Month(NamedTuple):
    """A month that ends on a day of the calendar, not always its last one."""

    end: date
    days: int
    sales: float
    cash: float
    receivables: float
    not_due: float


class Period(NamedTuple):
    """A period and what was read of it."""

    at: int
    """Months from its end to the day of the page"""
    length: int
    """In months"""
    opened: float
    overdue: float
    unpaid: float
    """Of what was billed, 90 days after it was due"""
    billed: float
    messages: list
    """(state, channel, number)"""
    funnel: list


class DunningDashboard(models.AbstractModel):
    """What is owed, what is at risk, what happened and what waits, on one page.

    Reads only, and nothing but the ledger and our own records: the formulas are in
    ``tools/kpi.py``, the sums in ``dunning.dashboard.ledger``. The number of statements
    does not depend on what is owed.
    """

    _name = "dunning.dashboard"
    _description = "Collections Dashboard"

    @api.model
    @api.readonly
    def get_figures(self, filters=None, complete=True):
        """All figures of one company, also for other programs:
        ``POST /json/2/dunning.dashboard/get_figures`` with ``{"filters": {...}}``.

        :param filters: dict, all optional: ``company_id`` (default: the current one),
            ``date`` (as of the end of this day, ``YYYY-MM-DD``, not after today),
            ``months`` (length of the period that ends on that day: 1, 3, 6 or 12),
            ``policy_id`` and ``user_id`` (customers to whom the policy applies now, or
            whose open case the collector has now), ``currency_id`` (of the items)
        :param bool complete: False leaves out ``debtors`` and ``check``, which read
            each customer and the whole ledger: a page asks for them when it is there
        :return: dict with

            - ``tiles``: dicts with ``code``, ``title``, ``value`` (None: no figure,
              ``reason`` says why), ``previous`` (at the start of the period, or in the
              period before), ``unit`` (``money``, ``days``, ``percent`` or ``count``),
              ``better`` (``up``, ``down`` or empty), ``formula``, ``action``
              (``name``, ``model``, ``domain`` of the records behind it, or False) and
              ``target`` (False, or ``id``, ``value`` and ``is_met``, which is None
              where there is no figure);
              ``work`` is a list of the same kind for what waits now, whatever the date
            - ``charts``: ``aging``, ``dso``, ``cei``, ``funnel``, ``cash`` and
              ``channels``, each with ``type``, ``labels`` and ``datasets``
            - ``debtors``: see ``get_debtors``
            - ``check``: see ``get_check``
            - ``filters`` as they were applied, and ``options`` to choose from: dicts
              with the ``name`` of a filter, the words for ``every`` one, and
              ``choices`` (``id``, ``name``)
            - ``may_set_targets``: whether the user sets the targets of tiles

            Money is in the currency of the company (``currency_id``).
        :raise AccessError: no collections user, or not a company of the user
        :raise UserError: a filter is not known or its value makes no sense
        """
        filters, scope = self._get_scope(filters)
        company, day, length = scope.company, filters["date"], filters["months"]
        self = self.with_company(company)
        history = self._read_history(scope, day, length)
        months = self._get_months(day, history)
        opened, overdue, *before, unpaid, billed = history.sums
        owed = self.env["dunning.dashboard.ledger"]._read_aging(scope, day)
        messages = self._read_messages(scope, months, length)
        now, earlier = (
            Period(
                at,
                length,
                *sums,
                messages[at],
                self._read_funnel(scope, months, length, at),
            )
            for at, sums in (
                (0, (sum(owed.values()), self._sum_overdue(owed), unpaid, billed)),
                (length, (opened, overdue, *before)),
            )
        )
        figures = {
            "currency_id": company.currency_id.id,
            "filters": filters,
            "options": self._get_options(company),
            "may_set_targets": self.env["dunning.dashboard.target"].has_access("write"),
            "tiles": self._get_tiles(scope, months, now, earlier),
            "work": self._get_work(scope),
            "charts": {
                "aging": self._chart_aging(owed),
                "dso": self._chart_dso(months),
                "cei": self._chart_cei(months),
                "funnel": self._chart_funnel(now.funnel),
                "cash": self._chart_cash(scope, day, history.weeks),
                "channels": self._chart_channels(now.messages),
            },
        }
        if complete:
            figures["debtors"] = self.get_debtors(filters)
            figures["check"] = self.get_check(filters)
        return figures

    @api.model
    @api.readonly
    def get_debtors(self, filters=None):
        """Who owes most.

        :param filters: as of ``get_figures``
        :return: list of dicts with ``id`` and ``name`` of the customer, ``open`` and
            ``overdue`` in company currency, and ``action``
        :raise: as ``get_figures``
        """
        filters, scope = self._get_scope(filters)
        self = self.with_company(scope.company)
        return self._get_debtor_rows(scope, filters["date"])

    @api.model
    @api.readonly
    def get_check(self, filters=None):
        """Whether the figures can be trusted: what they say is open is what each
        invoice says, and the balance of the receivable accounts. Of all customers,
        whatever the filters.

        :param filters: as of ``get_figures``; its company, day and currency count
        :return: dict with ``reconciles``, ``difference`` (the largest one, in company
            currency) and ``rows``, one per currency: ``currency_id``; ``aging``
            (by customer), ``total``, ``open``, ``balance`` and ``outside`` in company
            currency: the first three are the same, and the sum of the others.
            ``outside`` is what was matched with entries that are not posted, of another
            company or currency, with the ``action`` that lists it. ``difference`` and
            ``difference_currency`` are the largest one. ``is_spoilt``: the sums the
            page is read from have to be made anew (see ``dunning.dashboard.sum``).
            ``findings``: of the data, as ``work`` of ``get_figures``; empty for who may
            not mend them
        :raise: as ``get_figures``
        """
        filters, scope = self._get_scope(filters)
        self = self.with_company(scope.company)
        check = self._get_check(scope, filters["date"])
        return check | {"findings": self._get_findings()}

    @api.model
    def action_print(self, filters=None):
        """Action that prints the figures as PDF; ``filters`` as of ``get_figures``."""
        return self.env["report.dunning_automation.dunning_weekly_document"]._print(
            filters
        )

    @api.model
    @api.readonly
    def get_definitions(self):
        """What each figure means, in the order of the page.

        :return: list of dicts with ``code``, ``title``, ``unit`` and ``better`` (see
            ``get_figures``) and ``formula``
        """
        return [
            {
                "code": tile.code,
                "title": self.env._(tile.title),
                "unit": tile.unit,
                "better": tile.better,
                "formula": self.env._(tile.formula),
            }
            for tile in self._get_tile_kinds()
        ]

    # === LIVE === #

    @api.model
    def _refresh(self, companies):
        """Open dashboards of ``companies`` read their figures again, once for each
        transaction, after it was committed."""
        told = self.env.cr.precommit.data.setdefault("dunning_dashboard", set())
        readers = self.env.ref("dunning_automation.group_user").sudo()
        for company in companies.filtered(lambda company: company.id not in told):
            told.add(company.id)
            readers._bus_send("dunning_dashboard", {"company_id": company.id})

    # === FILTERS === #

    def _get_scope(self, filters):
        """(filters as they are applied, what they let through)"""
        if not self.env.user.has_group("dunning_automation.group_user"):
            raise AccessError(
                self.env._("Only collections users see the figures of collections.")
            )
        filters = self._clean(filters or {})
        company = self.env["res.company"].browse(filters["company_id"])
        debtors = self._get_debtors(filters)
        return filters, Scope(company, filters["currency_id"], debtors)

    @api.model
    def _get_customer_filters(self):
        """{filter: (records, domain)}: it is a field of those records of a customer
        (a field of his) that the domain leaves. Others add theirs, and what is chosen
        from to ``_get_options``."""
        return {
            "policy_id": ("dunning_decision_ids", Domain.TRUE),
            "user_id": ("dunning_case_ids", Domain("state", "=", "open")),
        }

    def _clean(self, filters):
        chosen_from = {*self._get_customer_filters(), "currency_id"}
        unknown = sorted(set(filters) - FILTERS - chosen_from)
        if unknown:
            raise UserError(self.env._("Unknown filters: %s.", unknown))
        company = self._get_company(filters.get("company_id"))
        today = company._dunning_today()
        try:
            day = fields.Date.to_date(filters.get("date") or today)
            months = int(filters.get("months") or 3)
            chosen = {name: int(filters.get(name) or 0) or None for name in chosen_from}
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("A filter cannot be read: %s", error)) from error
        if day > today or day.year < FIRST_YEAR:
            raise UserError(self.env._("The figures are known until today only."))
        if months not in PERIODS:
            raise UserError(self.env._("A period has 1, 3, 6 or 12 months."))
        return {"company_id": company.id, "date": day, "months": months, **chosen}

    def _get_company(self, company_id):
        companies = self.env.companies
        if not company_id:
            return self.env.company
        if company_id not in companies.ids:
            raise AccessError(self.env._("Choose one of your active companies."))
        return companies.browse(company_id)

    def _get_debtors(self, filters):
        """``debtors`` of the scope: the customers that the filters leave."""
        company = Domain("company_id", "=", filters["company_id"])
        return tuple(
            (records, company & domain & Domain(name, "=", filters[name]))
            for name, (records, domain) in self._get_customer_filters().items()
            if filters[name]
        )

    def _get_options(self, company):
        cases = self.env["dunning.case"]._search(
            [("company_id", "=", company.id), ("state", "=", "open")]
        )
        collectors = (
            self.env["res.users"]
            .with_context(active_test=False)
            .search([("id", "in", cases.subselect("user_id"))])
        )
        policies = self.env["dunning.policy"]._search_applicable(company)
        currencies = self.env["res.currency"].search([("active", "=", True)])
        return [
            self._prepare_option(name, every, records)
            for name, every, records in (
                ("company_id", "", self.env.companies),
                ("policy_id", self.env._("All policies"), policies),
                ("user_id", self.env._("All collectors"), collectors),
                ("currency_id", self.env._("All currencies"), currencies),
            )
        ]

    def _prepare_option(self, name, every, records):
        return {
            "name": name,
            "every": every,
            "choices": [
                {"id": record.id, "name": record.display_name}
                for record in records.sudo()
            ],
        }

    # === THE LEDGER BY MONTH === #

    def _get_ends(self, day):
        """Last days of the months that end on ``day``, and the point before them."""
        return [day - relativedelta(months=index) for index in range(HISTORY, -1, -1)]

    def _read_history(self, scope, day, length):
        ends = self._get_ends(day)
        return self.env["dunning.dashboard.ledger"]._read_history(
            scope,
            ends,
            aged=ends[-1 - length],
            first=self._get_first_week(day),
            periods=[
                (
                    ends[-1 - length - at] - timedelta(days=RISK_DAYS - 1),
                    ends[-1 - at] - timedelta(days=RISK_DAYS),
                )
                for at in (length, 0)
            ],
        )

    def _get_months(self, day, history):
        """The months that end on ``day``, the latest first, and one point before."""
        ends = self._get_ends(day)
        starts = [day.min, *(end + timedelta(days=1) for end in ends)]
        months, receivables = [], 0.0
        for start, end, row in zip(starts, ends, history.months, strict=False):
            change, sales, cash, not_due = row
            receivables += change
            days = (end - start).days + 1
            months.append(Month(end, days, sales, cash, receivables, not_due))
        return months[::-1]

    def _measure(self, months, at, length):
        """{code: figure} of the ``length`` months that end at the point ``at``."""
        period = months[at : at + length]
        now, opening = months[at], months[at + length].receivables
        sales = sum(month.sales for month in period)
        cash = sum(month.cash for month in period)
        days = sum(month.days for month in period)
        dso = kpi.dso_simple(now.receivables, sales, days)
        best = kpi.dso_simple(now.not_due, sales, days)
        return {
            "dso": dso,
            "dso_countback": self._get_countback(months, at),
            "best_dso": best,
            "add": kpi.average_days_delinquent(dso, best),
            "cei": kpi.cei(opening, sales, now.receivables, now.not_due),
            "cei_cash": kpi.cei_cash(opening, sales, now.not_due, cash),
        }

    def _get_countback(self, months, at):
        past = months[at : min(at + COUNTBACK, HISTORY)]
        pairs = [(month.sales, month.days) for month in past]
        return kpi.dso_countback(months[at].receivables, pairs)

    # === TILES === #

    def _get_tiles(self, scope, months, period, before):
        now, earlier = (self._get_all(scope, months, one) for one in (period, before))
        actions = self._get_actions(scope, months, period.length)
        targets = self.env["dunning.dashboard.target"]._get_by_tile(scope)
        return [
            self._prepare_tile(
                tile,
                now[tile.code],
                earlier[tile.code].value,
                actions.get(tile.code),
                targets.get(tile.code),
            )
            for tile in self._get_tile_kinds()
        ]

    @api.model
    def _get_tile_kinds(self):
        """The tiles in their order; who adds one adds its figure to ``_get_all``."""
        return TILES

    def _prepare_tile(self, tile, figure, previous, action, target):
        title = self.env._(tile.title)
        return {
            "code": tile.code,
            "title": title,
            "unit": tile.unit,
            "better": tile.better,
            "formula": self.env._(tile.formula),
            "value": figure.value,
            "reason": self._get_reason(figure),
            "previous": previous,
            "action": action | {"name": title} if action else False,
            "target": target._check(tile.better, figure.value) if target else False,
        }

    def _get_reason(self, figure):
        """Why there is no figure, in words."""
        return self.env._(REASONS[figure.reason]) if figure.reason else ""

    def _get_all(self, scope, months, period):
        """{code: figure} of one period, whatever it is read from."""
        first, last = self._get_days(months, period.length, period.at)
        return {
            "receivables": kpi.Figure(period.opened),
            "overdue": kpi.Figure(period.overdue),
            **self._measure(months, period.at, period.length),
            "recovery": kpi.recovery_rate(
                sum(paid for *_level, paid in period.funnel),
                sum(asked for *_level, asked, _paid in period.funnel),
            ),
            "promises": self._get_promise_rate(scope, first, last),
            "at_risk": kpi.at_risk_rate(period.unpaid, period.billed),
            **self._count_messages(period.messages),
        }

    def _get_days(self, months, length, at):
        """First and last day of the period that ends at the point ``at``."""
        return months[at + length].end + timedelta(days=1), months[at].end

    def _get_actions(self, scope, months, length):
        """{code of a tile: how its records are opened}"""
        ledger = self.env["dunning.dashboard.ledger"]
        first, last = self._get_days(months, length, 0)
        delay = timedelta(days=RISK_DAYS)
        opened = ledger._get_open_domain(scope, last)
        domains = {
            **dict.fromkeys(("receivables", "dso", "dso_countback"), opened),
            **dict.fromkeys(
                ("overdue", "add"), ledger._get_overdue_domain(scope, last)
            ),
            "best_dso": opened & Domain("date_maturity", ">=", last),
            "cei": ledger._get_lines_domain(scope)
            & Domain("date", ">=", first)
            & Domain("date", "<=", last),
            "cei_cash": ledger._get_cash_domain(scope, first, last),
            "at_risk": ledger._get_risk_domain(scope, first - delay, last - delay),
        }
        actions = {
            code: self._prepare_action("account.move.line", domain)
            for code, domain in domains.items()
        }
        actions["promises"] = self._prepare_action(
            "dunning.promise", self._get_promise_domain(scope, first, last)
        )
        for code, states in self._get_message_states().items():
            domain = self._get_message_domain(scope, first, last)
            actions[code] = self._prepare_action(
                "dunning.notice", domain & Domain("state", "in", states)
            )
        return actions

    def _prepare_action(self, model, domain, name=""):
        return {"name": name, "model": model, "domain": list(domain)}

    # === OUR OWN RECORDS === #

    def _get_own_domain(self, scope):
        """Of the company and the customers that the filters let through."""
        domain = Domain("company_id", "=", scope.company.id)
        if scope.debtors:
            domain &= Domain("partner_id", "any", scope.get_customers())
        return domain

    def _get_promise_domain(self, scope, first, last):
        domain = self._get_own_domain(scope) & Domain("state", "in", DECIDED)
        if scope.currency_id:
            domain &= Domain("currency_id", "=", scope.currency_id)
        return (
            domain
            & Domain("date_decided", ">=", first)
            & Domain("date_decided", "<=", last)
        )

    def _get_promise_rate(self, scope, first, last):
        counts = dict(
            self.env["dunning.promise"]._read_group(
                self._get_promise_domain(scope, first, last), ["state"], ["__count"]
            )
        )
        return kpi.promise_kept_rate(*(counts.get(state, 0) for state in DECIDED))

    def _get_message_states(self):
        return {
            "sent": DELIVERED,
            "delivered": ("delivered",),
            "failed": ("failed",),
            "unknown": ("unknown",),
        }

    def _get_message_domain(self, scope, first, last):
        return (
            self._get_own_domain(scope)
            & Domain("simulation", "=", False)
            & Domain("date", ">=", first)
            & Domain("date", "<=", last)
        )

    def _read_messages(self, scope, months, length):
        """{point at which a period ends: its messages}, of this period and the one
        before."""
        (start, _last), (first, last) = (
            self._get_days(months, length, at) for at in (length, 0)
        )
        rows = self.env["dunning.notice"]._read_group(
            self._get_message_domain(scope, start, last),
            ["date:day", "state", "channel"],
            ["__count"],
        )
        messages = {0: [], length: []}
        for day, *message in rows:
            messages[0 if day >= first else length].append(message)
        return messages

    def _count_messages(self, messages):
        return {
            code: kpi.Figure(
                sum(number for state, _channel, number in messages if state in states)
            )
            for code, states in self._get_message_states().items()
        }

    def _read_funnel(self, scope, months, length, at):
        """Of the reminders of a period that ended 30 days before the point ``at``."""
        delay = timedelta(days=PROMPT_DAYS)
        first, last = self._get_days(months, length, at)
        return self.env["dunning.dashboard.ledger"]._read_funnel(
            scope, first - delay, last - delay
        )

    def _get_work(self, scope):
        """What waits for somebody now: tiles without a past."""
        own = self._get_own_domain(scope)
        real = own & Domain("simulation", "=", False)
        bounced = Domain("dunning_bounced_email", "!=", False) & Domain(
            "company_id", "in", [False, scope.company.id]
        )
        if scope.debtors:
            bounced &= Domain("commercial_partner_id", "any", scope.get_customers())
        found = {
            "approvals": ("dunning.notice", real & Domain("state", "=", "planned")),
            "unknown_outcomes": (
                "dunning.notice",
                real & Domain("state", "=", "unknown"),
            ),
            "disputes": ("dunning.dispute", own & Domain("state", "=", "open")),
            "broken": (
                "dunning.case",
                own & Domain([("state", "=", "open"), ("broken_promises", ">", 0)]),
            ),
            "bounced": ("res.partner", bounced),
        }
        work = [
            {
                "code": code,
                "title": self.env._(WORK[code]),
                "unit": "count",
                "value": self.env[model].search_count(domain),
                "action": self._prepare_action(model, domain, self.env._(WORK[code])),
            }
            for code, (model, domain) in found.items()
        ]
        return work

    def _get_findings(self):
        """Checks of the ledger's data that found something, for those who may mend."""
        quality = self.env["dunning.data.quality"]
        if not quality._may_read():
            return []
        counted = quality.sudo()._count().values()
        return [
            {
                "code": "data",
                "title": self.env._(WORK["data"]),
                "unit": "count",
                "value": sum(bool(count) for count, _amount in counted),
                "action": {"tag": "dunning_start"},
            }
        ]

    # === CHARTS AND LISTS === #

    def _prepare_chart(self, kind, labels, datasets, **more):
        return {
            "type": kind,
            "labels": labels,
            "datasets": [{"label": label, "data": data} for label, data in datasets],
            **more,
        }

    def _get_labels(self, model, name):
        """{value: label} of a selection field."""
        return dict(self.env[model]._fields[name]._description_selection(self.env))

    def _sum_overdue(self, owed):
        """What of the aging is past due; credits are not taken off."""
        return sum(
            amount
            for (bucket, _band), amount in owed.items()
            if bucket in aging.BUCKETS[1:]
        )

    def _chart_aging(self, owed):
        bands = self._get_labels("dunning.exposure", "band")
        return self._prepare_chart(
            "bar",
            [self.env._(label) for label in AGING.values()],
            [
                (label, [owed.get((name, band), 0.0) for name in AGING])
                for band, label in (bands | {None: self.env._("No risk known")}).items()
            ],
            stacked=True,
            unit="money",
        )

    def _chart_dso(self, months):
        points = range(TREND - 1, -1, -1)
        return self._prepare_chart(
            "line",
            [format_date(self.env, months[at].end) for at in points],
            [
                (
                    self.env._("DSO, countback"),
                    [self._get_countback(months, at).value for at in points],
                )
            ],
            unit="days",
        )

    def _chart_cei(self, months):
        points = range(TREND - 1, -1, -1)
        measured = [self._measure(months, at, 1) for at in points]
        return self._prepare_chart(
            "line",
            [format_date(self.env, months[at].end) for at in points],
            [
                (
                    self.env._("All that was settled"),
                    [m["cei"].value for m in measured],
                ),
                (self.env._("Cash only"), [m["cei_cash"].value for m in measured]),
            ],
            unit="percent",
        )

    def _chart_funnel(self, funnel):
        levels = self.env["dunning.level"].browse(row[0] for row in funnel).sudo()
        return self._prepare_chart(
            "bar",
            levels.mapped("name")
            if len(set(levels.mapped("name"))) == len(levels)
            else levels.mapped("display_name"),
            [
                (self.env._("Items reminded"), [row[1] for row in funnel]),
                (
                    self.env._("Paid within %s days", PROMPT_DAYS),
                    [row[2] for row in funnel],
                ),
            ],
            unit="count",
        )

    def _get_first_week(self, day):
        """First day of the weeks that end on ``day``."""
        return day - timedelta(days=7 * WEEKS - 1)

    def _chart_cash(self, scope, day, weeks):
        first = self._get_first_week(day)
        ends = [first + timedelta(days=7 * week + 6) for week in range(WEEKS)]
        return self._prepare_chart(
            "bar",
            [format_date(self.env, end) for end in ends],
            [(self.env._("Cash in"), [weeks.get(week, 0.0) for week in range(WEEKS)])],
            unit="money",
        )

    def _chart_channels(self, messages):
        sent = Counter()
        for state, channel, number in messages:
            if state in DELIVERED:
                sent[channel] += number
        names = self._get_labels("dunning.notice", "channel")
        return self._prepare_chart(
            "bar",
            [names.get(channel, channel) for channel in sorted(sent)],
            [
                (
                    self.env._("Messages sent"),
                    [sent[channel] for channel in sorted(sent)],
                )
            ],
            unit="count",
        )

    def _get_debtor_rows(self, scope, day):
        ledger = self.env["dunning.dashboard.ledger"]
        opened = ledger._get_open_domain(scope, day)
        return [
            {
                "id": partner_id,
                "name": name,
                "open": owed,
                "overdue": overdue,
                "action": self._prepare_action(
                    "account.move.line",
                    opened
                    & Domain("partner_id.commercial_partner_id", "=", partner_id),
                    name,
                ),
            }
            for partner_id, name, owed, overdue in ledger._read_debtors(scope, day, TOP)
        ]

    def _get_check(self, scope, day):
        found = self.env["dunning.dashboard.ledger"]._read_check(scope, day)
        rows = [
            self._prepare_check_row(scope._replace(currency_id=currency_id), day, *ways)
            for currency_id, ways in found.items()
        ]
        return {
            "rows": rows,
            "difference": max((row["difference"] for row in rows), default=0.0),
            "is_spoilt": any(row["is_spoilt"] for row in rows),
            "reconciles": not any(
                row["difference"] or row["difference_currency"] for row in rows
            ),
        }

    def _prepare_check_row(self, scope, day, amounts, own_amounts):
        currency = self.env["res.currency"].browse(scope.currency_id)
        difference, spoilt = self._compare(scope.company.currency_id, *amounts)
        own_difference, own_spoilt = self._compare(currency, *own_amounts)
        row = {
            **dict(zip(CHECKED, amounts, strict=True)),
            "currency_id": currency.id,
            "difference": difference,
            "difference_currency": own_difference,
            "is_spoilt": bool(spoilt or own_spoilt),
        }
        if row["outside"]:
            ledger = self.env["dunning.dashboard.ledger"]
            row["action"] = self._prepare_action(
                "account.move.line",
                ledger._get_outside_domain(scope, day),
                self.env._("Matched Outside, %s", currency.name),
            )
        return row

    def _compare(self, currency, *amounts):
        """(largest difference, that of what the page reads and the items say)"""
        *read, balance, outside = amounts
        return tuple(
            currency.round(max(ways) - min(ways))
            for ways in ((*read, balance + outside), read)
        )
