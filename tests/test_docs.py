"""The pages of `docs/`: built without a warning, true of the code, and their examples
do what they say in a real Odoo."""

import ast
import re
import sys
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from installer import documentation, paths, server, testing
from installer.log_gate import assert_clean_log
from installer.progress import Step

EXAMPLES = documentation.PAGES / "examples"
HOOK = "dunning_channel_hook"
sys.path.append(str(documentation.PAGES))

import code_reader  # noqa: E402

PAGES = sorted(page.stem for page in documentation.PAGES.glob("*.rst"))
RECIPE = re.compile(r"^\d+\. .+\n-+\n\n((?:(?!^\d+\. ).*\n)*)", re.M)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the built pages."""
    folder = tmp_path_factory.mktemp("docs")
    result = documentation.build(output=folder, capture_output=True, text=True)
    assert not result.returncode, result.stderr
    assert not result.stderr
    return folder


class Links(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.places = [], {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places.add(attrs.get("id"))
        self.targets += filter(None, (attrs.get("href"), attrs.get("src")))


# === PAGES === #


def test_no_link_leads_nowhere(site):
    pages = {path: Links(path) for path in site.glob("*.html")}
    assert len(pages) > len(PAGES)
    broken = []
    for path, page in pages.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme:
                continue
            there = path.parent / unquote(url.path) if url.path else path
            found = there.exists() and (
                there not in pages or unquote(url.fragment) in pages[there].places
            )
            if not found:
                broken.append(f"{path.name}: {target}")
    assert not broken


def test_what_the_code_does_not_know_fails_the_build(tmp_path):
    """Otherwise the build above proves nothing."""
    wrong = {
        ":guilabel:`No Button`": "No Button",
        ":menuselection:`Collections --> No Menu`": "No Menu",
        ":msg:`Never said.`": "Never said.",
        ":file:`setup/nothing`": "setup/nothing",
        ":doc:`no_page`": "no_page",
        ":ref:`no_place`": "no_place",
    }
    text = "\n\n".join(["Title\n=====", *wrong])
    (tmp_path / "index.rst").write_text(text, "utf-8")
    conf = (documentation.PAGES / "conf.py").read_text("utf-8")
    conf = conf.replace("Path(__file__).parent", repr(str(documentation.PAGES)))
    (tmp_path / "conf.py").write_text(conf.replace('["pictures"]', "[]"), "utf-8")
    html = tmp_path / "html"
    result = documentation.build(tmp_path, html, capture_output=True, text=True)
    assert result.returncode
    warnings = [line for line in result.stderr.splitlines() if "WARNING" in line]
    assert len(warnings) == len(wrong)
    assert not [word for word in wrong.values() if word not in result.stderr]


def test_labels_of_odoo_are_labels_of_odoo(odoo_environment):
    tree = ast.parse((documentation.PAGES / "conf.py").read_text("utf-8"))
    [labels] = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "odoo_labels"
    )
    texts = "".join(
        pot.read_text("utf-8")
        for folder in odoo_environment.source.addons_paths
        for pot in folder.glob("*/i18n/*.pot")
        if pot.parts[-3] in ("account", "base", "base_setup", "mail", "web")
    )
    assert labels
    assert not [label for label in labels if f'msgid "{label}"\n' not in texts]


def test_states_of_the_picture_are_those_of_notices():
    tree = ElementTree.parse(documentation.PAGES / "pictures" / "states.svg")
    [group] = (node for node in tree.iter() if node.get("class") == "states")
    code = (paths.CHECKOUT / "dunning_automation/tools/notice_states.py").read_text()
    states = {}
    exec(code, states)  # A tool: pure Python.
    known = {*states["TRANSITIONS"], *states["TRANSITIONS"][states["READY"]]}
    assert sorted(node.text for node in group) == sorted(known)


def test_every_recipe_says_all_four_things():
    text = (documentation.PAGES / "cookbook.rst").read_text("utf-8")
    recipes = RECIPE.findall(text)
    assert len(recipes) == 12
    for recipe in recipes:
        terms = re.findall(r"^(\w.*)$", recipe, re.M)
        assert terms == ["Situation", "Set", "What happens", "In a replay"]


def test_every_message_has_a_cure():
    text = (documentation.PAGES / "troubleshooting.rst").read_text("utf-8")
    answers = re.split(r"^:msg:`.*`$", text, flags=re.M)[1:]
    assert len(answers) > 50
    assert not [answer for answer in answers if "*Cure:*" not in answer]


# === TRUE OF ODOO === #

FIELDS = """
shown = env["res.config.settings"].fields_get(attributes=["string", "help"])
result = {
    name: [field["string"], field.get("help") or ""]
    for name, field in shown.items() if name.startswith("dunning_")
}
"""


def test_settings_are_those_that_odoo_shows(installed_template, odoo_shell):
    addons = [path.parent.name for path in paths.CHECKOUT.glob("*/__manifest__.py")]
    written = (documentation.PAGES / "settings.rst").read_text("utf-8")
    told = {
        field.name: [field.label, field.help]
        for addon in addons
        if f"fields:: settings {addon}\n" in written
        for _heading, field in code_reader.read_settings(addon)
    }
    assert told == odoo_shell(installed_template, FIELDS)


# === EXAMPLES === #

TRAINING = """
import runpy

from odoo.tools import mute_logger

training = runpy.run_path(PATH)
manager = env.ref("base.user_admin")
env["dunning.sender"]._deliver()
env.cr.commit()  # To see what the sender committed.
env.invalidate_all()
# No server is there that could give pictures to the printer of the evidence.
with mute_logger("odoo.addons.base.models.ir_actions_report"):
    result = [solve(env(user=manager)) for solve in training["EXERCISES"]]
"""


def test_solutions_of_the_exercises(crowd_database, odoo_shell):
    code = f"PATH = {str(EXAMPLES / 'training.py')!r}\n{TRAINING}"
    results = odoo_shell(crowd_database, code)
    told = (documentation.PAGES / "rollout.rst").read_text("utf-8")
    solutions = re.findall(r"training.py\n +:pyobject: (\w+)", told)
    assert len(results) == len(solutions) == 7


SHEET = """
import runpy

roi = runpy.run_path(PATH)
sender = env["dunning.sender"]
ready = env["dunning.notice"].search([("state", "=", "ready")], limit=5)
sender._deliver(ready.ids)
env.cr.commit()  # To see what the sender committed.
env.invalidate_all()
result = roi["sheet"](env(user=env.ref("base.user_admin")))
"""


def test_sheet_counts_what_left(crowd_database, odoo_shell):
    result = odoo_shell(crowd_database, f"PATH = {str(EXAMPLES / 'roi.py')!r}\n{SHEET}")
    assert result["sent"] == {"email": 5}
    assert result["hours saved"] == 0.5
    assert result["after"]["overdue"] > 0
    assert result["before"].keys() == result["after"].keys()


class OtherProgram(ThreadingHTTPServer):
    """Takes reminders; answers as told, one answer after the other."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.bodies = list(answers), []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body.decode())
        answer = self.server.answers.pop(0)
        if answer is None:
            self.connection.close()  # It was taken, and nobody says so.
            return
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Silence."""


@pytest.fixture
def hook_database(odoo_environment, database):
    """A database with the example, and the environment in which Odoo finds it."""
    environment = odoo_environment.with_more(EXAMPLES, EXAMPLES)
    name, log = database(), f"{HOOK}.log"
    (paths.LOGS / log).unlink(missing_ok=True)
    with Step("Installing the example of a channel") as step:
        testing.install(environment, name, HOOK, log, step)
    assert_clean_log(paths.LOGS / log)
    return environment, name


HOOK_CODE = """
from datetime import timedelta
from odoo import Command

company = env.company
env["account.chart.template"].try_loading("generic_coa", company)
company.dunning_hour = 0
env["dunning.guard"]._activate()
env["dunning.policy"].search([]).active = False
parameters = env["ir.config_parameter"]
template = env.ref("dunning_automation.mail_template_firm")
env["dunning.policy"].create({
    "name": "Other program", "mode": "automatic",
    "level_ids": [Command.create({
        "name": "Now", "delay_days": 1, "min_interval_days": 0,
        "action_ids": [Command.create(
            {"channel": "hook", "template_id": template.id})],
    })],
})
today = company._dunning_today()
partners = env["res.partner"].create(
    [{"name": f"Debtor {n}", "is_company": True} for n in range(DEBTORS)])
moves = env["account.move"].create([{
    "move_type": "out_invoice", "partner_id": partner.id,
    "invoice_date": today - timedelta(days=40),
    "invoice_date_due": today - timedelta(days=9),
    "invoice_line_ids": [Command.create(
        {"name": "Work", "price_unit": 100, "tax_ids": []})],
} for partner in partners])
moves.action_post()
run = env["dunning.run"]._run_daily(company)
run.notice_ids._compose()
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=moves[-1:].ids
).create({})._create_payments()
env.cr.commit()
sender = env["dunning.sender"]


def deliver():
    for _time in range(2):  # The second time nothing is left to do.
        sender._deliver()
        env.cr.commit()
        env.invalidate_all()
    notices = env["dunning.notice"].search([], order="id")
    return [(notice.partner_id.name, notice.state) for notice in notices]


without_url = deliver()
env["dunning.notice"].search([]).not_before = False
parameters.set_param("dunning_channel_hook.url", f"http://127.0.0.1:{CLOSED_PORT}")
env.cr.commit()
nobody_there = deliver()
env["dunning.notice"].search([]).not_before = False
parameters.set_param("dunning_channel_hook.url", f"http://127.0.0.1:{PORT}")
env.cr.commit()
result = [dict(without_url), dict(nobody_there), dict(deliver())]
"""


def test_channel_of_the_example(hook_database, tmp_path):
    """Refused, asked for patience, cut off after it was taken; what was paid stays, and
    nothing is handed over twice."""
    environment, name = hook_database
    other = OtherProgram([200, 400, None, 429, 302])
    code = (
        f"PORT, CLOSED_PORT, DEBTORS = {other.server_port}, {server.free_port()}, 6\n"
        f"{HOOK_CODE}"
    )
    log = tmp_path / "hook.log"
    without_url, nobody_there, end = server.run_code(environment, name, code, log)
    other.shutdown()
    assert_clean_log(log)
    waiting = {f"Debtor {number}": "ready" for number in range(5)}
    assert without_url == waiting | {"Debtor 5": "suppressed"}
    assert nobody_there == without_url
    assert end == {
        "Debtor 0": "sent",
        "Debtor 1": "failed",
        "Debtor 2": "unknown",
        "Debtor 3": "ready",
        "Debtor 4": "unknown",
        "Debtor 5": "suppressed",
    }
    assert len(other.bodies) == len(set(other.bodies)) == 5
    assert all("Debtor" in body and "key" in body for body in other.bodies)


def code_lines(path):
    """How many lines of code a file has, formatted alike, without docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    return len(list(filter(str.strip, ast.unparse(tree).splitlines())))


def test_example_is_as_short_as_it_says():
    files = (EXAMPLES / HOOK / "models").glob("dunning_*.py")
    assert sum(map(code_lines, files)) <= 60
