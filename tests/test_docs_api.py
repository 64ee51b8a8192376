"""The examples of docs/api.rst, as they are printed there, against a real server."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "api.rst"
KEY = """
user = env["res.users"].create({
    "name": "Program",
    "login": "program",
    "group_ids": [(4, env.ref("dunning_automation.group_user").id)],
})
keys = env["res.users.apikeys"].with_user(user).sudo()
result = keys._generate("rpc", "Figures", None)
env.cr.commit()
"""
STRANGER = """
user = env["res.users"].create({
    "name": "Stranger",
    "login": "stranger",
    "group_ids": [(4, env.ref("base.group_user").id)],
})
keys = env["res.users.apikeys"].with_user(user).sudo()
result = keys._generate("rpc", "Nothing", None)
env.cr.commit()
"""
EVENT = """
from odoo.addons.dunning_automation.tools import webhooks
import time
headers = webhooks.get_headers("secret", 7, "test", int(time.time()), b"{}")
result = headers
"""


def examples(language):
    """Texts of the code blocks in ``language``, in order."""
    pattern = rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)"
    return [
        textwrap.dedent(text)
        for text in re.findall(pattern, DOCUMENT.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.fixture
def variables(database, odoo_shell, odoo_server):
    """The environment that the document asks for."""
    name = database()
    key = odoo_shell(name, KEY)
    server = odoo_server(name)
    server.check_log = False  # Refused requests are in it.
    return os.environ | {
        "ODOO_URL": server.url,
        "ODOO_DATABASE": name,
        "ODOO_KEY": key,
        "STRANGER": odoo_shell(name, STRANGER),
    }


def run(command, variables):
    return subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=120
    )


def test_examples_of_figures(variables):
    [shell] = examples("bash")
    figures, *_others = examples("python")
    curl = run(["bash", "-c", shell], variables)
    assert curl.returncode == 0, curl.stderr
    answer = json.loads(curl.stdout)
    assert {"tiles", "work", "charts", "debtors", "check"} <= set(answer)
    assert answer["filters"]["months"] == 3

    python = run([sys.executable, "-c", figures], variables)
    assert python.returncode == 0, python.stderr
    told = {line.split()[0] for line in python.stdout.splitlines()}
    assert told == {"overdue", "dso"}

    for change, status in (
        ({"ODOO_KEY": "wrong"}, "401"),
        ({"ODOO_KEY": variables["STRANGER"]}, "403"),
        ({"ODOO_KEY": variables["ODOO_KEY"], "FILTER": "colour"}, "422"),
    ):
        text = shell.replace('"months"', f'"{change.get("FILTER", "months")}"')
        refused = run(["bash", "-c", text], variables | change)
        assert refused.returncode and status in refused.stderr, refused.stderr


def test_example_of_a_receiver(database, odoo_shell):
    """What we sign is genuine; anything changed, or old, is not."""
    headers = odoo_shell(database(), EVENT)
    *_others, receiver = examples("python")
    scope = {}
    exec(receiver, scope)  # Our own document. # noqa: S102
    is_genuine = scope["is_genuine"]
    assert is_genuine("secret", headers, b"{}")
    assert not is_genuine("secret", headers, b"{ }")
    assert not is_genuine("other", headers, b"{}")
    old = headers | {"X-Dunning-Timestamp": str(int(time.time()) - 400)}
    assert not is_genuine("secret", old, b"{}")


def test_example_of_an_event_has_just_the_fields_that_are_posted():
    [example] = map(json.loads, examples("json"))
    source = DOCUMENT.parent.parent / "dunning_automation" / "models"
    code = (source / "dunning_subscription_delivery.py").read_text("utf-8")
    body = code[code.index("def _get_facts") : code.index("# === POSTING")]
    assert set(example) == set(re.findall(r'^            "(\w+)":', body, re.MULTILINE))
