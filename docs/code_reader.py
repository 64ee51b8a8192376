"""What the sources of the addons say, read without Odoo: fields, records, constants,
texts. For the pages, and for the tests that compare them with Odoo."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%(\(\w+\))?[sd]")
TEXTS_OF_JS = re.compile(r'_t\(\s*"((?:[^"\\]|\\.)+)"', re.S)
TESTS = {"migrations", "tests"}


class Field(NamedTuple):
    """A field of a model as its source says it."""

    name: str
    label: str
    default: str
    help: str


def sources(suffix):
    """Files of the addons, without tests."""
    for path in sorted(ROOT.glob(f"dunning_automation*/**/*{suffix}")):
        if not TESTS & set(path.relative_to(ROOT).parts):
            yield path


@cache
def parse(name):
    return ast.parse((ROOT / name).read_text("utf-8"))


def literal(node):
    """What an expression says, texts to translate included; its source if nothing."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_lt":
        text = literal(node.args[0])
        values = tuple(map(str, map(literal, node.args[1:])))
        return text % values if values else text
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def default_label(name):
    """The label that Odoo gives a field.

    >>> default_label("dunning_daily_limit"), default_label("line_ids")
    ('Dunning Daily Limit', 'Line')
    """
    return re.sub("_ids?$", "", name).replace("_", " ").title()


def read_fields(name):
    """{name: Field} of the fields that a file defines."""
    return {
        field.name: field
        for node in ast.walk(parse(name))
        if (field := _read_field(node)) is not None
    }


def _read_field(node):
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id="fields"), attr=kind),
                args=args,
                keywords=keywords,
            ),
        ):
            words = {word.arg: word.value for word in keywords}
            label = words.get("string") or _positional_label(kind, args)
            default = words.get("default")
            return Field(
                name,
                literal(label) if label else default_label(name),
                _say_default(kind, default),
                literal(words["help"]) if "help" in words else "",
            )
    return None


def _positional_label(kind, args):
    place = {"Many2one": 1, "Selection": 1, "One2many": 2, "Many2many": 4}.get(kind, 0)
    texts = [arg for arg in args[place:] if isinstance(arg, ast.Constant)]
    return texts[0] if texts else None


def _say_default(kind, default):
    if default is None:
        return {"Boolean": "no", "Integer": "0", "Float": "0", "Monetary": "0"}.get(
            kind, ""
        )
    value = literal(default)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else ""


def read_settings(addon):
    """Fields of the addon's settings, with the words of the company's fields: pairs of
    the heading on the page, or nothing, and the field."""
    company = read_fields(f"{addon}/models/res_company.py")
    names = read_fields(f"{addon}/models/res_config_settings.py")
    view = ElementTree.parse(ROOT / addon / "views" / "res_config_settings_views.xml")
    headings = {
        field.get("name"): setting.get("string", "")
        for setting in view.iter("setting")
        for field in setting.iter("field")
    }
    return [
        (headings.get(name, ""), company.get(name, field))
        for name, field in names.items()
        if name.startswith("dunning_")
    ]


def read_records(pattern, model):
    """Records of data files: {field: text}; references are the record's name."""
    return [
        {field.get("name"): _say_value(field) for field in record.iter("field")}
        for path in sorted(ROOT.glob(pattern))
        for record in ElementTree.parse(path).getroot().iter("record")
        if record.get("model") == model
    ]


@cache
def read_names():
    """{id of a record: its name}, of all data files."""
    return {
        record.get("id"): _squeeze(field.text)
        for path in ROOT.glob("dunning_automation*/data/*.xml")
        for record in ElementTree.parse(path).getroot().iter("record")
        for field in record.iterfind("field[@name='name']")
    }


def _squeeze(text):
    return " ".join((text or "").split())


def _say_value(field):
    if ref := field.get("ref"):
        return read_names().get(ref, ref.removeprefix("base."))
    if expression := field.get("eval"):
        # Commands for lines: what each of them says.
        lines = [
            ", ".join(f"{_words(key)} {value}" for key, value in line.items())
            for node in ast.walk(ast.parse(expression.strip(), mode="eval"))
            if isinstance(node, ast.Dict)
            for line in [ast.literal_eval(node)]
        ]
        return "; ".join(lines) or expression
    return _squeeze(field.text)


def _words(name):
    return name.replace("_", " ")


def read_constant(path, name):
    """The elements of a tuple or list that a file defines: each a list of values, of a
    tuple or of the arguments of a call. A dict gives pairs."""
    for node in parse(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                if target == name:
                    return [list(map(literal, row)) for row in _rows(value)]
    raise KeyError(name)


def _rows(value):
    if isinstance(value, ast.Dict):
        return zip(value.keys, value.values, strict=True)
    return [
        element.args if isinstance(element, ast.Call) else element.elts
        for element in value.elts
    ]


@cache
def read_messages():
    """Every text in the Python sources, with … for what is filled in."""
    return {
        PLACEHOLDER.sub("…", node.value)
        for path in sources(".py")
        for node in ast.walk(parse(str(path.relative_to(ROOT))))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def read_labels():
    """Every text that may stand on a screen."""
    labels = set(read_messages())
    for path in sources(".py"):
        if path.name != "res_config_settings.py":  # Has the labels of the company.
            fields = read_fields(str(path.relative_to(ROOT)))
            labels.update(field.label for field in fields.values())
    for path in sources(".xml"):
        for element in ElementTree.parse(path).getroot().iter():
            labels.update(map(_squeeze, element.attrib.values()))
            labels.update((_squeeze(element.text), _squeeze(element.tail)))
    for path in sources(".js"):
        labels.update(map(_squeeze, TEXTS_OF_JS.findall(path.read_text("utf-8"))))
    return labels
