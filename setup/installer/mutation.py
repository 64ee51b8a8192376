"""`setup/mutation`: mutmut changes one thing of `tools/` at a time, in a copy, and
looks whether a test that needs no database fails.

The copy lies in `odoo/addons`, since mutmut takes the path of a file for the name
under which it is imported. What only tests with a database would notice counts as not
noticed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from . import addons, apart, commands, odoo_source, paths, virtualenv
from .errors import SetupError
from .progress import Step

REQUIREMENTS = paths.SETUP / "mutation-requirements.txt"
HOME = paths.LOCAL / "mutation"
WANTED = 85
"""Percent of the changes that tests must notice, for each addon."""
OUTSIDE = "tests/test_csv_ledger.py"
"""Needs no database either."""
NOTICED = {"killed", "timeout"}
CONFIGURATION = """\
[mutmut]
source_paths = odoo
process_isolation = forkserver
timeout_constant = 30
only_mutate =
    {files}
pytest_add_cli_args =
    -p
    no:odoo
    -p
    no:cacheprovider
    -p
    installer.pure_tests
    -o
    consider_namespace_packages=true
pytest_add_cli_args_test_selection =
    {tests}
"""


def main(arguments: list) -> int:
    names = [str(Path(word)) for word in arguments] or addons.all_in_checkout()
    python = virtualenv.python()
    source = odoo_source.find(os.environ.get("ODOO_PATH"))
    variables = apart.variables(python, "mutmut", REQUIREMENTS)
    more = [variables["PYTHONPATH"], paths.SETUP, source.python_root]
    variables["PYTHONPATH"] = os.pathsep.join(map(str, more))
    lay_out(names)
    mutmut = [python, "-m", "mutmut"]
    try:
        with Step("Changing one thing at a time") as step:
            commands.run(
                [*mutmut, "run"], "mutation.log", step, env=variables, cwd=HOME
            )
    except commands.CommandFailed as failure:
        raise SetupError(
            "mutmut stopped before the end.",
            failure.tail,
            f"All of its words: {failure.log}",
        ) from failure
    results = subprocess.check_output(
        [*mutmut, "results", "--all", "true"], env=variables, cwd=HOME, text=True
    )
    return report(results.splitlines())


def lay_out(names: list) -> None:
    """The addons as Odoo sees them, and what mutmut shall do with those named."""
    shutil.rmtree(HOME, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__", "i18n", "static")
    for addon in addons.all_in_checkout():
        folder = HOME / "odoo" / "addons" / addon
        shutil.copytree(paths.CHECKOUT / addon, folder, ignore=ignore)
    (HOME / "tests").mkdir()
    shutil.copy(paths.CHECKOUT / OUTSIDE, HOME / OUTSIDE)
    chosen = dict.fromkeys(Path(name).parts[0] for name in names)
    folders = [
        f"odoo/addons/{addon}/{part}" for addon in chosen for part in ("tools", "tests")
    ]
    tests = [OUTSIDE, *(name for name in folders if (HOME / name).is_dir())]
    files = [
        f"odoo/addons/{name}" if name.endswith(".py") else f"odoo/addons/{name}/tools/*"
        for name in names
    ]
    text = CONFIGURATION.format(files="\n    ".join(files), tests="\n    ".join(tests))
    (HOME / "setup.cfg").write_text(text, encoding="utf-8")


def report(results: list) -> int:
    """Print a table of `odoo.addons.ADDON.tools.MODULE.FUNCTION__mutmut_1: killed`."""
    counts = defaultdict(Counter)
    for line in results:
        mutant, _colon, status = line.strip().partition(": ")
        addon, _tools, module = mutant.split(".")[2:5]
        for name in (addon, f"{addon}/tools/{module}.py"):
            counts[name].update(all=1, noticed=status in NOTICED)
    print("| where | changes | noticed |\n|---|---|---|")
    shares = {name: 100 * n["noticed"] / n["all"] for name, n in counts.items()}
    for name in sorted(counts):
        print(f"| {name} | {counts[name]['all']} | {shares[name]:.0f} % |")
    return int(any(shares[name] < WANTED for name in counts if "/" not in name))
