"""The collector's day, measured: the first page of the worklist and one case, as the
web client asks the server for them."""

import statistics
import time

from lxml import etree

PAGE = 80
COUNT_LIMIT = 10_001
SAMPLES = 9
"""Of both requests, after one that warms the caches of the registry."""

ACTIVITY = (
    "activity_exception_decoration",
    "activity_exception_icon",
    "activity_state",
    "activity_summary",
    "activity_type_icon",
    "activity_type_id",
)
"""What the widget of the activities reads beside its own field."""


def measure(env):
    """Median seconds of the two requests by a collector, after a daily run.

    :return: dict with ``list_s``, ``form_s`` and the number of ``cases`` and ``lines``
    """
    collector = env["res.users"].create(
        {
            "name": "Collector",
            "login": "bench_collector",
            "group_ids": [(4, env.ref("dunning_automation.group_user").id)],
        }
    )
    env.cr.commit()
    run = env["dunning.run"].search([("simulation", "=", False)], limit=1)
    cases = env["dunning.case"].with_user(collector).with_context(lang="en_US")
    page = _specification(cases, "list") | {name: {} for name in ACTIVITY}
    screen = _specification(cases, "form")
    # The filter with which the worklist opens.
    domain = [
        ("state", "=", "open"),
        ("user_id", "in", (collector.id, False)),
        "|",
        ("done_on", "=", False),
        ("done_on", "<", "today"),
    ]

    def read_list():
        answer = cases.web_search_read(
            domain, page, limit=PAGE, count_limit=COUNT_LIMIT
        )
        return answer["records"]

    records = read_list()

    def read_form():
        return cases.browse(records[0]["id"]).web_read(screen)

    read_form()
    return {
        "lines": run.line_count,
        "cases": cases.search_count(domain),
        "list_s": _median(env, read_list),
        "form_s": _median(env, read_form),
    }


def _median(env, request):
    seconds = []
    for _sample in range(SAMPLES):
        # Each request is a transaction of its own and finds an empty cache.
        env.cr.commit()
        env.invalidate_all()
        began = time.perf_counter()
        request()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _specification(model, view_type):
    """What the web client reads for a view."""
    arch = model.get_views([(False, view_type)])["views"][view_type]["arch"]
    return _fields_of(etree.fromstring(arch), model)


def _fields_of(node, model):
    found = {}
    for child in node:
        if child.tag != "field":
            found |= _fields_of(child, model)
            continue
        field = model._fields[child.get("name")]
        found[field.name] = {}
        rows = child.find("list")
        if field.type == "many2one":
            found[field.name] = {"fields": {"display_name": {}}}
        elif rows is not None:
            found[field.name] = {
                "fields": _fields_of(rows, model.env[field.comodel_name]),
                "limit": int(rows.get("limit", 40)),
            }
    return found
