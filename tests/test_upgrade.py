"""Updating: what an earlier version planned and sent is carried on by this one.

Every commit that raised the version of the core ends an earlier one: its parent is
installed from the history, used, and updated to the sources of today. `--long` takes
all of them, else the oldest and the newest.
"""

import contextlib
import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from installer import addons, environment, paths, server
from installer.databases import Databases
from installer.log_gate import assert_clean_log
from installer.progress import Step

MANIFEST = "dunning_automation/__manifest__.py"

USED = """
from datetime import timedelta
from odoo import Command

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading(
        "generic_coa", company, install_demo=False)
company.email = "billing@seller.example"
if "dunning.guard" in env:
    env["dunning.guard"]._activate()
env["ir.mail_server"].create({
    "name": "sink", "smtp_host": "127.0.0.1", "smtp_port": PORT,
    "smtp_encryption": "none",
})
env["dunning.policy"].search([]).mode = "automatic"
today = company._dunning_today()


def invoice(number):
    partner = env["res.partner"].create({
        "name": f"Customer {number}", "email": f"c{number}@example.com",
        "is_company": True,
    })
    move = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": today - timedelta(days=40),
        "invoice_date_due": today - timedelta(days=9),
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create(
            {"name": "Work", "price_unit": 100, "tax_ids": []})],
    })
    move.action_post()


for number in (1, 2, 3):
    invoice(number)
env["dunning.run"]._run_daily(company)
env.cr.commit()
notices = env["dunning.notice"].search([])
env["dunning.sender"]._deliver(notices.sorted("id")[:2].ids)
env.cr.commit()
result = notices.sorted("id").mapped("state")
"""

CARRIED_ON = """
env.cr.execute("SELECT id, state, dedup_key FROM dunning_notice ORDER BY id")
before = env.cr.fetchall()
USED_AGAIN = env["res.partner"].create(
    {"name": "Customer 4", "email": "c4@example.com", "is_company": True})
old = env["account.move"].search([("partner_id.name", "=", "Customer 3")])
old.copy({"partner_id": USED_AGAIN.id, "invoice_date": old.invoice_date,
          "invoice_date_due": old.invoice_date_due}).action_post()
env["dunning.run"]._run_daily(env.company)
env.cr.commit()
env["dunning.sender"]._deliver()
env.cr.commit()
env["dunning.seal"]._cron_seal()
check = env["dunning.verification"]._verify()
env.cr.execute(
    "SELECT state FROM dunning_notice WHERE simulation IS NOT TRUE ORDER BY id")
result = {
    "before": [state for _id, state, _key in before],
    "after": [state for state, in env.cr.fetchall()],
    "check": [check["ok"], check["message"] or ""],
    "waiting": env["ir.module.module"].search(
        [("state", "not in", ("installed", "uninstalled", "uninstallable"))]
    ).mapped("name"),
}
"""


@dataclass(frozen=True)
class EarlierEnvironment(environment.Environment):
    """Odoo with the addons of an earlier commit."""

    tree: Path | None = None

    @property
    def conf(self) -> Path:
        return self.tree / "odoo.conf"

    def write_conf(self) -> None:
        found = ",".join(map(str, [*self.source.addons_paths, self.tree]))
        self.conf.write_text(
            environment.CONF.format(addons_path=found, data_dir=self.server.home)
        )


def git(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["git", *arguments], cwd=paths.CHECKOUT, capture_output=True, **options
    )


def earlier_versions() -> list:
    """Commits, oldest first: the last one of every earlier version that is known."""
    raised = git("log", "--format=%H", '-G"version"', "--", MANIFEST, text=True)
    found = []
    for commit in raised.stdout.split():
        version = git("rev-parse", "--verify", "--quiet", f"{commit}^", text=True)
        manifest = git("cat-file", "-e", f"{commit}^:{MANIFEST}")
        if version.returncode == manifest.returncode == 0:
            found.insert(0, version.stdout.strip())
    return found


def chosen_versions() -> list:
    versions = earlier_versions()
    is_long = os.environ.get("DUNNING_LONG_TESTS")
    return versions if is_long else list(dict.fromkeys(versions[:1] + versions[-1:]))


@pytest.fixture
def earlier(odoo_environment, tmp_path):
    """`earlier(commit)`: (environment, names of the addons) as they were then."""

    def check_out(commit: str) -> tuple:
        tree = tmp_path / "earlier"
        archive = git("archive", commit, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
        then = EarlierEnvironment(
            odoo_environment.source,
            odoo_environment.python,
            odoo_environment.server,
            tree=tree,
        )
        then.write_conf()
        there = {manifest.parent.name for manifest in tree.glob("*/__manifest__.py")}
        return then, sorted(there & set(addons.all_in_checkout()))

    return check_out


@contextlib.contextmanager
def odoo_itself(odoo_environment, name: str):
    """A database without our addons."""
    databases = Databases(odoo_environment.server)
    databases.copy(databases.names("test_base_")[0], name)
    try:
        yield name
    finally:
        databases.drop(name)


@pytest.mark.parametrize("commit", chosen_versions() or [None])
def test_update(
    commit, earlier, odoo_environment, installed_template, smtp_sink, tmp_path
):
    if commit is None:
        pytest.skip("this checkout has no history")
    then, names = earlier(commit)
    with odoo_itself(odoo_environment, f"update_{os.getpid()}") as database:
        end = "--stop-after-init", "--no-http"
        arguments = "-d", database, "-i", ",".join(names), *end
        then.run_odoo("update_before.log", Step("Installing as it was"), *arguments)
        code = USED.replace("PORT", str(smtp_sink.port))
        log = tmp_path / "used.log"
        assert server.run_code(then, database, code, log) == ["sent", "sent", "ready"]
        now = ",".join(addons.all_in_checkout())
        (paths.LOGS / "update.log").unlink(missing_ok=True)
        odoo_environment.run_odoo(
            "update.log", Step("Updating"), "-d", database, "-u", now, "-i", now, *end
        )
        assert_clean_log(paths.LOGS / "update.log")
        log = tmp_path / "carried_on.log"
        result = server.run_code(odoo_environment, database, CARRIED_ON, log)
        assert_clean_log(log)
    assert result["before"] == ["sent", "sent", "ready"], "nothing changed by itself"
    assert result["after"] == ["sent"] * 4, "the third, and the new customer's"
    assert result["check"][0], result["check"][1]
    assert not result["waiting"]
    receivers = sorted(message["To"] for message in smtp_sink.messages)
    assert [address.count("@") for address in receivers] == [1] * 4, "nothing twice"
