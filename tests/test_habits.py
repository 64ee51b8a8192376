"""Habits that keep the tree readable: the linters, and the walls of the architecture.

The walls are read from the source text; neither Odoo nor a database is needed.
"""

import ast
import configparser
import csv
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ADDONS = sorted(manifest.parent for manifest in ROOT.glob("*/__manifest__.py"))
MODEL_KINDS = {"Model", "TransientModel", "AbstractModel"}
UNSAFE_TO_LOAD = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
SQL_WORDS = {"SQL", "cr", "execute", "execute_query", "execute_query_dict"}
ORM_WORDS = {"cr", "env", "odoo"}
IMPORT_RULES = ROOT / ".importlinter"


@dataclass(frozen=True)
class ModelClass:
    """One class statement that makes or extends a model."""

    path: Path
    node: ast.ClassDef

    @property
    def kind(self):
        return next(base.attr for base in self.node.bases if _is_model_base(base))

    @property
    def name(self):
        """Name of the model that is made or extended."""
        return self.attribute("_name") or self.attribute("_inherit")

    @property
    def is_new(self):
        inherited = self.attribute("_inherit") or []
        parents = [inherited] if isinstance(inherited, str) else inherited
        return bool(self.attribute("_name")) and self.name not in parents

    def attribute(self, name):
        """Value of a literal class attribute, None where there is none."""
        for statement in self.node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    if target == name:
                        return ast.literal_eval(value)
        return None

    def __str__(self):
        return f"{shown(self.path)}:{self.node.lineno} {self.name}"


def _is_model_base(base):
    return isinstance(base, ast.Attribute) and base.attr in MODEL_KINDS


def shown(path):
    return path.relative_to(ROOT).as_posix()


def sources(pattern):
    """Yield (path, syntax tree) for the Python files of all addons that match."""
    for addon in ADDONS:
        for path in sorted(addon.glob(pattern)):
            yield path, ast.parse(path.read_text("utf-8"), str(path))


def model_classes(pattern):
    for path, tree in sources(pattern):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(map(_is_model_base, node.bases)):
                yield ModelClass(path, node)


def new_models():
    """Models that an addon makes, not those that it extends; tests make none."""
    return [
        model
        for model in model_classes("**/*.py")
        if model.is_new and "tests" not in model.path.parts[len(ROOT.parts) :]
    ]


def imports(tree):
    """Yield (line, dotted name) for each import; relative ones keep their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            separator = "" if source.endswith(".") else "."
            for alias in node.names:
                yield node.lineno, f"{source}{separator}{alias.name}"


def words(tree):
    """Yield (line, word) for each name, attribute and parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def check_imports(folder):
    """import-linter's word on the addons, which lie in the folder as Odoo sees them."""
    command = [ROOT / "setup" / "lint", "--with", "lint-imports", "--no-cache"]
    return subprocess.run(
        [*command, "--no-logo", "--config", IMPORT_RULES],
        capture_output=True,
        text=True,
        cwd=folder,
    )


@pytest.fixture
def addons_of_odoo(tmp_path):
    """The addons, under the names by which they import each other."""
    folder = tmp_path / "odoo" / "addons"
    folder.mkdir(parents=True)
    for addon in ADDONS:
        (folder / addon.name).symlink_to(addon)
    return folder


def test_lint():
    """Everything that `setup/lint` checks."""
    result = subprocess.run(
        [ROOT / "setup" / "lint"], capture_output=True, text=True, cwd=ROOT
    )
    if result.returncode:
        pytest.fail(f"setup/lint:\n{result.stdout}{result.stderr}", pytrace=False)


def test_addons_are_found():
    assert {
        "dunning_automation",
        "dunning_automation_ai",
        "dunning_automation_sms",
    } <= {addon.name for addon in ADDONS}


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.name)
@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "pyproject.toml",
        "static/description/icon.png",
        "static/description/index.html",
    ],
)
def test_addon_introduces_itself(addon, name):
    assert (addon / name).is_file()


def test_tools_know_nothing_of_the_orm():
    assert not [
        f"{shown(path)}:{line} {word}"
        for path, tree in sources("tools/**/*.py")
        for line, word in words(tree)
        if word in ORM_WORDS
    ]


def test_import_rules(addons_of_odoo):
    result = check_imports(addons_of_odoo.parent.parent)
    if result.returncode:
        pytest.fail(f"{result.stdout}{result.stderr}", pytrace=False)


def test_import_rules_know_every_addon():
    rules = configparser.ConfigParser()
    rules.read(IMPORT_RULES, encoding="utf-8")
    named = rules["importlinter"]["root_packages"].split()
    assert named == [f"odoo.addons.{addon.name}" for addon in ADDONS]


@pytest.mark.parametrize(
    "path, line, rule",
    [
        ("tools/aging.py", "from odoo import models", "Tools know nothing of Odoo"),
        ("tools/aging.py", "from odoo.addons.base import models", "Tools know nothing"),
        ("tools/aging.py", "from ..models import dunning_run", "Tools know no other"),
        ("models/dunning_run.py", "from .. import controllers", "the controllers"),
        ("report/dunning_start.py", "from ..wizard import dunning_preview", "wizards"),
        (
            "models/dunning_run.py",
            "from odoo.addons.dunning_automation_ai.tools import drift",
            "The core addon knows none",
        ),
    ],
)
def test_forbidden_import_is_found(addons_of_odoo, path, line, rule):
    core = addons_of_odoo / "dunning_automation"
    original = core.resolve()
    core.unlink()
    shutil.copytree(original, core, ignore=lambda *_: ["static", "i18n", "tests"])
    with (core / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = check_imports(addons_of_odoo.parent.parent)
    assert result.returncode == 1
    [broken] = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert rule in broken


def test_one_model_per_file_and_named_after_it():
    by_file = {}
    for model in model_classes("models/**/*.py"):
        by_file.setdefault(model.path, []).append(model.name)
    assert not {
        shown(path): names
        for path, names in by_file.items()
        if [str(name).replace(".", "_") for name in names] != [path.stem]
    }


def test_controllers_contain_no_sql():
    assert not [
        f"{shown(path)}:{line} {word}"
        for path, tree in sources("controllers/**/*.py")
        for line, word in words(tree)
        if word in SQL_WORDS
    ]


def models_with_access_rules():
    """External ids, without addon, of the models in the access files."""
    for addon in ADDONS:
        for path in addon.glob("security/ir.model.access.csv"):
            with path.open(newline="", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    model = row.get("model_id:id") or row["model_id/id"]
                    yield model.split(".")[-1]


def test_every_model_has_an_access_rule():
    ruled = set(models_with_access_rules())
    assert not [
        str(model)
        for model in new_models()
        if model.kind != "AbstractModel"
        and f"model_{model.name.replace('.', '_')}" not in ruled
    ]


def test_every_model_says_what_it_is():
    assert not [
        str(model)
        for model in new_models()
        if not (ast.get_docstring(model.node) and model.attribute("_description"))
    ]


def test_nothing_is_loaded_that_could_run_code():
    assert not [
        f"{shown(path)}:{line} {name}"
        for path, tree in sources("**/*.py")
        for line, name in imports(tree)
        if name.split(".")[0] in UNSAFE_TO_LOAD
    ]
