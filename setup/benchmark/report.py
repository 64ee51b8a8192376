"""The figures as a Markdown table, with what they were measured on."""

from __future__ import annotations

WORKERS = {"crons": "sender crons", "jobs": "jobs of queue_job"}


def markdown(measured: dict) -> str:
    tables = {
        "planning": _planning,
        "sending": _sending,
        "audit": _audit,
        "curve": _curve,
        "worklist": _worklist,
        "dashboard": _dashboard,
        "account": _account,
        "replay": _replay,
        "scoring": _scoring,
        "texting": _texting,
        "workers": _workers,
    }
    parts = [make(measured[name]) for name, make in tables.items() if name in measured]
    return "\n\n".join(part for part in [*parts, _conditions(measured)] if part)


def _planning(figures: dict) -> str:
    lines, peer_lines = figures["lines"], figures["oca_lines"]
    ours, peer = figures["ours_s"] / lines, figures["oca_s"] / peer_lines
    rows = sum(figures["rows"].values())
    table = _table(
        ["planning", "lines", "seconds", "ms per line", "against ours"],
        ["ours", lines, figures["ours_s"], ours * 1000, ""],
        ["OCA", peer_lines, figures["oca_s"], peer * 1000, f"{peer / ours:.1f}x"],
        _floor(f"floor: INSERT of {rows:,} rows", lines, figures, "floor_s"),
        _floor("the same with foreign keys", lines, figures, "floor_checked_s"),
    )
    return f"{table}\n\nPeak memory of our process: {figures['peak_mb']:,.0f} MB."


def _sending(figures: dict) -> str:
    count, peer_count = figures["messages"], figures["oca_messages"]
    ours, peer = figures["ours_s"] / count, figures["oca_s"] / peer_count
    together_count = figures["together_messages"]
    together = figures["together_s"] / together_count
    table = _table(
        [
            "composing and sending",
            "messages",
            "seconds",
            "ms per message",
            "against ours",
        ],
        ["ours, one sender", count, figures["ours_s"], ours * 1000, ""],
        [
            f"ours, {figures['senders']} senders at once",
            together_count,
            figures["together_s"],
            together * 1000,
            f"{together / ours:.2f}x",
        ],
        [
            "OCA, which has one",
            peer_count,
            figures["oca_s"],
            peer * 1000,
            f"{peer / ours:.1f}x, {peer / together:.1f}x",
        ],
        _floor("floor: claim, SMTP, result", figures["floor_messages"], figures),
    )
    queries = figures["queries_per_message"]
    return (
        f"{table}\n\n{queries} SQL statements per message to claim, check, send and "
        f"record, {figures['compose_queries_per_message']} to write its text."
    )


def _audit(figures: dict | None) -> str:
    if figures is None:
        return ""
    events = figures["events"]
    return _table(
        ["audit", "events", "seconds", "ms per event", "against ours"],
        [
            "ours: verify",
            events,
            figures["ours_s"],
            figures["ours_s"] / events * 1000,
            "",
        ],
        _floor("floor: scan with sha256", events, figures),
    )


def _floor(title: str, count: int, figures: dict, name: str = "floor_s") -> list:
    seconds = figures[name]
    times = f"ours is {figures['ours_s'] / seconds:.1f}x"
    return [title, count, seconds, seconds / count * 1000, times]


def _curve(points: list) -> str:
    first = points[0]["ours_s"] / points[0]["lines"]
    rows = [
        [
            "ours",
            point["lines"],
            point["ours_s"],
            point["ours_s"] / point["lines"] * 1000,
            f"{point['ours_s'] / point['lines'] / first:.2f}x",
        ]
        for point in points
    ]
    head = ["planning by size", "lines", "seconds", "ms per line", "against the first"]
    return _table(head, *rows)


def _worklist(figures: dict) -> str:
    lines = figures["lines"]
    titles = {
        "list_s": "worklist, first 80 cases",
        "form_s": "one case with its story",
    }
    rows = [
        [title, lines[index], seconds, f"{seconds / figures[name][0]:.2f}x"]
        for name, title in titles.items()
        for index, seconds in enumerate(figures[name])
    ]
    return _table(["screen", "lines", "seconds", "against the first"], *rows)


def _dashboard(points: list) -> str:
    first = points[0]["requests"]
    rows = [
        [name, point["lines"], seconds, f"{seconds / first[name]:.2f}x"]
        for name in first
        for point in points
        for seconds in [point["requests"][name]]
    ]
    table = _table(["dashboard", "lines", "seconds", "against the first"], *rows)
    counts = ", ".join(f"{point['statements']:,}" for point in points)
    return f"{table}\n\nSQL statements of an opening: {counts}."


def _account(figures: dict) -> str:
    ours, theirs = figures["ours_s"], figures["odoo_s"]
    names = ("invoices", "lines")
    sizes = [figures[name] for name in names]
    return _table(
        ["page of a customer", "open invoices", "lines", "on the page", "s", "against"],
        [
            "ours: account",
            *sizes,
            figures["ours_shown"],
            ours,
            f"{ours / theirs:.2f}x Odoo's",
        ],
        ["Odoo: /my/invoices", *sizes, figures["odoo_shown"], theirs, ""],
    )


def _replay(figures: dict) -> str:
    head = ["replay, two policies", "lines", "of them paid", "days", "messages", "s"]
    names = ("lines", "paid", "days", "messages", "seconds")
    return _table(head, ["ours", *(figures[name] for name in names)])


def _scoring(figures: dict) -> str:
    lines, features = figures["lines"], figures["features_s"]
    table = _table(
        ["predictions", "lines", "seconds", "features against it"],
        ["features as of each invoice", lines, features, ""],
        *(
            [title, lines, figures[name], f"{features / figures[name]:.1f}x"]
            for title, name in (
                ("one aggregation over the lines", "floor_s"),
                ("the same with invoices and payments", "joined_floor_s"),
            )
        ),
        ["back-test and training", figures["matured"], figures["train_s"], ""],
        ["scoring of what is open", figures["open"], figures["predict_s"], ""],
    )
    return f"{table}\n\nPeak memory of our process: {figures['peak_mb']:,.0f} MB."


def _texting(figures: dict) -> str:
    count, odoo_count = figures["messages"], figures["odoo_messages"]
    ours, odoo = figures["ours_s"] / count, figures["odoo_s"] / odoo_count
    return _table(
        ["text messages", "messages", "seconds", "ms per message", "ours against it"],
        ["ours, one sender", count, figures["ours_s"], ours * 1000, ""],
        [
            "Odoo's own queue",
            odoo_count,
            figures["odoo_s"],
            odoo * 1000,
            f"{ours / odoo:.2f}x",
        ],
    )


def _workers(points: list) -> str:
    first = {}
    rows = []
    for point in points:
        each = point["seconds"] / point["messages"]
        one = first.setdefault(point["by"], each)
        rows.append(
            [
                WORKERS[point["by"]],
                point["workers"],
                point["messages"],
                " + ".join(f"{count:,}" for count in point["by_host"]),
                point["messages"] - point["distinct"],
                point["seconds"],
                each * 1000,
                f"{one / each:.2f}x",
            ]
        )
    head = ["sending by servers", "workers", "messages", "by host", "twice", "seconds"]
    return _table([*head, "ms per message", "speed-up"], *rows)


def _conditions(measured: dict) -> str:
    machine = measured["machine"]
    settings = machine["postgresql_settings"].items()
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['ram_gb']} GB, load "
        f"{machine['load']} at the start; Odoo {machine['odoo']}, Python "
        f"{machine['python']}, PostgreSQL {machine['postgresql']} "
        f"({', '.join(f'{name} {value}' for name, value in settings)}); commit "
        f"{measured['commit']}."
    )


def _table(head: list, *rows: list) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}" if value < 10 else f"{value:,.1f}"
    return value
