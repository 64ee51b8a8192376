"""The figures as a Markdown table, with what they were measured on."""

from __future__ import annotations

TARGETS = {
    "floor": "at most 3x the floor",
    "plan_peer": "at least 30x faster per line",
    "send_peer": "at least 8x faster per message",
}


def markdown(measured: dict) -> str:
    parts = [
        _planning(measured["planning"]),
        _sending(measured["sending"]),
        _audit(measured["audit"]),
        _curve(measured["curve"]),
        _conditions(measured),
    ]
    return "\n\n".join(part for part in parts if part)


def _planning(figures: dict) -> str:
    lines, peer_lines = figures["lines"], figures["oca_lines"]
    ours, peer = figures["ours_s"] / lines, figures["oca_s"] / peer_lines
    rows = sum(figures["rows"].values())
    table = _table(
        ["planning", "lines", "seconds", "ms per line", "against ours"],
        ["ours", lines, figures["ours_s"], ours * 1000, ""],
        ["OCA", peer_lines, figures["oca_s"], peer * 1000, f"{peer / ours:.1f}x"],
        [
            f"floor: INSERT of {rows:,} rows",
            lines,
            figures["floor_s"],
            figures["floor_s"] / lines * 1000,
            f"ours is {figures['ours_s'] / figures['floor_s']:.1f}x",
        ],
    )
    return f"{table}\n\nPeak memory of our process: {figures['peak_mb']:,.0f} MB."


def _sending(figures: dict) -> str:
    count, peer_count = figures["messages"], figures["oca_messages"]
    ours, peer = figures["ours_s"] / count, figures["oca_s"] / peer_count
    table = _table(
        [
            "composing and sending",
            "messages",
            "seconds",
            "ms per message",
            "against ours",
        ],
        ["ours", count, figures["ours_s"], ours * 1000, ""],
        ["OCA", peer_count, figures["oca_s"], peer * 1000, f"{peer / ours:.1f}x"],
        [
            "floor: claim, SMTP, result",
            figures["floor_messages"],
            figures["floor_s"],
            figures["floor_s"] / figures["floor_messages"] * 1000,
            f"ours is {figures['ours_s'] / figures['floor_s']:.1f}x",
        ],
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
        ["audit", "events", "seconds", "us per event", "against ours"],
        [
            "verify the chain",
            events,
            figures["ours_s"],
            _micro(figures["ours_s"], events),
            "",
        ],
        [
            "floor: scan with sha256",
            events,
            figures["floor_s"],
            _micro(figures["floor_s"], events),
            f"ours is {figures['ours_s'] / figures['floor_s']:.1f}x",
        ],
    )


def _micro(seconds: float, count: int) -> float:
    return seconds / count * 1_000_000


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
        return f"{value:,.3f}" if value < 10 else f"{value:,.1f}"
    return value
