"""Steps that need Odoo's ORM: `python -m installer.in_odoo`, inside the environment.

Prints progress as lines that start with `PROGRESS_MARK`; other lines are for the user.
Odoo's log goes to the error output.
"""

import argparse
import contextlib
import datetime
import importlib
import importlib.util
import io
import json
import pathlib
import threading

PROGRESS_MARK = "\x1e"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--database", required=True)
    parser.add_argument("--with", dest="options", type=json.loads, default={})
    arguments = parser.parse_args()
    with environment(arguments.database) as env:
        STEPS[arguments.step](env, **arguments.options)
        env.cr.commit()


@contextlib.contextmanager
def environment(database: str):
    """The superuser's environment in that database."""
    import odoo.init  # noqa: F401  it must come first
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0"], setup_logging=True)
    threading.current_thread().dbname = database
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def progress(done: int, total: int, text: str = "") -> None:
    print(PROGRESS_MARK + json.dumps([done, total, text]), flush=True)


def demo_ledger(env, today: str) -> None:
    _ledger_module("demo_ledger").build(env, _date(today), progress)


def csv_ledger(env, today: str, path: str, mapping: dict, date_order: str) -> None:
    module = _ledger_module("csv_ledger")
    # Setup has read the file once already and shown what it understood.
    with contextlib.redirect_stdout(io.StringIO()):
        ledger = module.read(path, mapping, date_order)
    module.load(env, ledger, _date(today), progress)


def configure(env, smtp_port: int) -> None:
    module = _ledger_module("demo_settings", optional=True)
    if module:
        module.configure(env, smtp_port)


def daily_run(env, today: str) -> None:
    module = _ledger_module("daily_run", optional=True)
    if module:
        print(module.run(env, _date(today)))


def answers(env) -> None:
    _ledger_module("demo_answers").answer(env)


def predictions(env) -> None:
    _ledger_module("demo_predictions").predict(env)


def scenes(env) -> None:
    _ledger_module("demo_scenes").set_scenes(env)


def evaluate(env, today: str, late_after: int, json_path: str | None) -> None:
    report = env["dunning.risk.features"]._evaluate(
        env.company, _date(today), late_after, progress
    )
    print(report.markdown())
    if json_path:
        text = json.dumps(report.figures(), indent=2)
        pathlib.Path(json_path).write_text(text + "\n", encoding="utf-8")


def assets(env) -> None:
    """Compile the web client's assets here, once, not for every copy's first page."""
    env["ir.qweb"]._pregenerate_assets_bundles()


STEPS = {
    step.__name__: step
    for step in (
        answers,
        assets,
        configure,
        csv_ledger,
        daily_run,
        demo_ledger,
        evaluate,
        predictions,
        scenes,
    )
}


def _ledger_module(name: str, optional: bool = False):
    name = f"ledger.{name}"
    if optional and importlib.util.find_spec(name) is None:
        print(f"({name} is not there yet: left out)")
        return None
    return importlib.import_module(name)


def _date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


if __name__ == "__main__":
    main()
