"""`pip install`: each addon as a wheel, complete, with what it needs, found by Odoo."""

import ast
import os
import subprocess
from email import message_from_string
from zipfile import ZipFile

import pytest
from installer import addons, paths

FIND = """
import sys
import odoo.init
from odoo.modules import get_module_path, initialize_sys_path
from odoo.tools import config
config.parse_config(["--addons-path", sys.argv[1]])
initialize_sys_path()
for name in sys.argv[2:]:
    print(get_module_path(name))
"""
ADDONS = addons.all_in_checkout()


def read_manifest(addon: str) -> dict:
    text = (paths.CHECKOUT / addon / "__manifest__.py").read_text()
    return ast.literal_eval(text)


@pytest.fixture(scope="module")
def wheels(odoo_environment, tmp_path_factory):
    """{addon: its wheel}"""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [odoo_environment.python, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    trees = [str(paths.CHECKOUT / addon) for addon in ADDONS]
    subprocess.run([*pip, "--wheel-dir", folder, *trees], check=True)
    return {
        addon: next(
            folder.glob(f"odoo_addon_{addon}-{read_manifest(addon)['version']}*")
        )
        for addon in ADDONS
    }


@pytest.mark.parametrize("addon", ADDONS)
def test_wheel_is_complete(wheels, addon):
    """All files are there, and what it needs is named."""
    manifest = read_manifest(addon)
    with ZipFile(wheels[addon]) as wheel:
        names = set(wheel.namelist())
        [about] = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = message_from_string(wheel.read(about).decode())
    tree = paths.CHECKOUT / addon
    files = {
        f"odoo/addons/{addon}/{path.relative_to(tree)}"
        for path in tree.rglob("*")
        if path.is_file() and not {"__pycache__", "pyproject.toml"} & {*path.parts}
    }
    assert not files - names
    needed = [need.split("=")[0] for need in metadata.get_all("Requires-Dist")]
    ours = [f"odoo-addon-{name}" for name in manifest["depends"] if name in ADDONS]
    others = manifest.get("external_dependencies", {}).get("python", [])
    assert {"odoo", *ours, *others} <= set(needed)


def test_odoo_finds_what_pip_installed(wheels, odoo_environment, tmp_path):
    pip = [odoo_environment.python, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path, *wheels.values()], check=True)
    source = odoo_environment.source
    places = ",".join(map(str, source.addons_paths))
    variables = odoo_environment.variables
    found = subprocess.run(
        [odoo_environment.python, "-c", FIND, places, *ADDONS],
        env={
            **variables,
            "PYTHONPATH": os.pathsep.join(map(str, [source.python_root, tmp_path])),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [str(tmp_path / "odoo" / "addons" / addon) for addon in ADDONS]
    assert found.stdout.split() == expected
