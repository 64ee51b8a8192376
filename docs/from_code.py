"""A Sphinx extension that reads the sources and needs no Odoo: what the pages take from
the code is written once, and what they say of it must be true.

Tables: ``fields``, ``records``, ``constants``, ``access`` and ``routes``.
Checks, each a warning of Sphinx: ``:guilabel:`` and ``:menuselection:`` name labels of
the code, ``:msg:`` a message (… for what it fills in), ``:file:`` what exists.
"""

import csv
import json
import re

from code_reader import (
    ROOT,
    read_constant,
    read_fields,
    read_labels,
    read_messages,
    read_records,
    read_settings,
)
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.util import logging

SEPARATOR = re.compile(r"\s*(?:‣|-->)\s*")

logger = logging.getLogger(__name__)


# === TABLES === #


class Table(Directive):
    """A table whose rows come from the code."""

    option_spec = {"columns": directives.unchanged_required}

    def run(self):
        return [make_table(*self.read())]

    def columns(self):
        """``(key, heading)`` from ``key=heading, ...``."""
        return [
            tuple(part.strip().split("=", 1))
            for part in self.options["columns"].split(",")
        ]

    def read(self):
        """
        :return: headings, rows
        """
        raise NotImplementedError


class FieldTable(Table):
    """``fields:: models/x.py`` or, with ``settings`` before it, those of an addon."""

    required_arguments = 1
    optional_arguments = 1

    def read(self):
        if self.arguments[0] == "settings":
            found = read_settings(self.arguments[1])
        else:
            fields = read_fields(self.arguments[0]).values()
            found = [("", field) for field in fields if field.help]
        rows = [
            [self.say_name(heading, field), field.default, field.help]
            for heading, field in found
        ]
        return ["Field", "Default", "Meaning"], rows

    @staticmethod
    def say_name(heading, field):
        place = [nodes.strong(text=heading)] if heading else []
        return [*place, field.label, nodes.literal(text=field.name)]


class RecordTable(Table):
    """``records:: model files``: records of data files."""

    required_arguments = 2

    def read(self):
        model, pattern = self.arguments
        columns = self.columns()
        rows = [
            [
                " ".join(record.get(key, "") for key in name.split("+"))
                for name, _ in columns
            ]
            for record in read_records(pattern, model)
        ]
        return [heading for _name, heading in columns], rows


class ConstantTable(Table):
    """``constants:: file name``: a table that the code keeps as a constant."""

    required_arguments = 2

    def read(self):
        columns = self.columns()
        rows = [
            [str(row[int(place)]) for place, _heading in columns]
            for row in read_constant(*self.arguments)
        ]
        return [heading for _place, heading in columns], rows


class AccessTable(Table):
    """``access:: addon``: which group may read, write, create, delete what."""

    required_arguments = 1

    def read(self):
        path = ROOT / self.arguments[0] / "security" / "ir.model.access.csv"
        rights = {}
        with path.open(newline="", encoding="utf-8") as lines:
            for _id, _name, model, group, *permissions in list(csv.reader(lines))[1:]:
                letters = "".join(
                    letter
                    for letter, may in zip("RWCD", permissions, strict=True)
                    if may == "1"
                )
                model = model.rpartition("model_")[2].replace("_", ".")
                rights.setdefault(model, {})[group.rpartition(".")[2]] = letters
        groups = sorted({group for row in rights.values() for group in row})
        rows = [
            [nodes.literal(text=model), *(row.get(group, "") for group in groups)]
            for model, row in sorted(rights.items())
        ]
        return ["Model", *(group.removeprefix("group_") for group in groups)], rows


class RouteTable(Table):
    """``routes:: file``: the addresses of an OpenAPI file."""

    required_arguments = 1

    def read(self):
        paths = json.loads((ROOT / self.arguments[0]).read_text("utf-8"))["paths"]
        rows = [
            [nodes.literal(text=f"{method.upper()} {path}"), route["summary"]]
            for path, routes in sorted(paths.items())
            for method, route in routes.items()
        ]
        return ["Address", "Gives"], rows


def make_table(headings, rows):
    """The nodes of a table; a cell is a text, a node or several of them."""
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=1) for _heading in headings]
    group += nodes.thead("", _make_row(headings))
    group += nodes.tbody("", *map(_make_row, rows))
    return nodes.table("", group, classes=["from-code"])


def _make_row(cells):
    row = nodes.row()
    for cell in cells:
        parts = cell if isinstance(cell, list) else [cell]
        entry = nodes.entry()
        entry += [paragraph for part in parts for paragraph in _make_paragraphs(part)]
        row += entry
    return row


def _make_paragraphs(part):
    if isinstance(part, nodes.Node):
        return [nodes.paragraph("", "", part)]
    if part.startswith("https://"):
        shown = part.removeprefix("https://").partition("/")[0]
        return [nodes.paragraph("", "", nodes.reference("", shown, refuri=part))]
    return [nodes.paragraph(text=line) for line in part.splitlines()]


# === CHECKS === #


def say_message(name, rawtext, text, lineno, inliner, options=None, content=None):
    """The role ``:msg:``."""
    return [nodes.inline(rawtext, text, classes=["msg"])], []


def check(app, doctree):
    """Warn of what the page says about the code and the code does not know."""
    known = read_labels() | set(app.config.odoo_labels)
    for node in doctree.findall(lambda node: isinstance(node, nodes.Element)):
        text, classes = node.astext(), node.get("classes", ())
        wrong = []
        if "guilabel" in classes:
            wrong = [text] if text not in known else []
        elif "menuselection" in classes:
            wrong = [part for part in SEPARATOR.split(text) if part not in known]
        elif "msg" in classes:
            wrong = [text] if text not in read_messages() else []
        elif "file" in classes and isinstance(node, nodes.literal):
            wrong = [] if (ROOT / text).exists() else [text]
        for part in wrong:
            logger.warning("the code does not know “%s”", part, location=node)


def setup(app):
    """Called by Sphinx."""
    app.add_config_value("odoo_labels", [], "env")
    app.add_directive("fields", FieldTable)
    app.add_directive("records", RecordTable)
    app.add_directive("constants", ConstantTable)
    app.add_directive("access", AccessTable)
    app.add_directive("routes", RouteTable)
    app.add_role("msg", say_message)
    app.connect("doctree-read", check)
    # What the tables say depends on the sources, not on the pages: read all each time.
    app.connect("env-get-outdated", lambda app, env, *changes: list(env.found_docs))
    return {"parallel_read_safe": True}
