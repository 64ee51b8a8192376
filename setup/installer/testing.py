"""`setup/test`: everything it needs, then pytest."""

from __future__ import annotations

import contextlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from . import addons, locks, paths, system_programs
from .databases import Databases
from .environment import Environment, prepare
from .progress import Step

BUILD_LOCK = paths.LOCAL / "build.lock"
CHOOSING = {"-k", "-m", "--co", "--collect-only", "--deselect", "--lf", "--last-failed"}
"""Options that leave out tests."""
PARTS = 6
"""Into how many sessions the addons' tests are cut in a full run."""


def main(arguments: list) -> int:
    targets, options = split(arguments)
    environment = prepare()
    system_programs.ensure_wkhtmltopdf()
    system_programs.ensure_browser()
    if is_full(targets, options):
        return run_side_by_side(environment, targets, options)
    return run_session(environment, targets, options)


def run_side_by_side(environment: Environment, targets: list, options: list) -> int:
    """The tests of the whole system and parts of the addons' tests, two sessions at a
    time, so that both cores have work to the end. Each says what it has to say when it
    is over.
    """
    within = [target for target in targets if wants_odoo([target])]
    system = [target for target in targets if target not in within]
    installed_template(environment)  # All need it.
    apart = ["-p", "no:cacheprovider", "--durations=20", "--durations-min=5", *options]
    reached = [paths.LOGS / f"branches_{part}" for part in range(PARTS)]
    for path in reached:
        path.unlink(missing_ok=True)

    def run_one(part: int | None) -> int:
        output = paths.LOGS / f"test-{'system' if part is None else part}.out"
        with output.open("wb") as file:
            if part is None:
                code = run_session(environment, system, apart, output=file)
            else:
                measured = ["-p", "installer.branch_coverage", f"--part={part}/{PARTS}"]
                code = run_session(
                    environment,
                    within,
                    [*measured, *apart],
                    output=file,
                    name=f"part_{part}",
                    SETUP_COVERAGE=str(reached[part]),
                )
        print(output.read_text(encoding="utf-8", errors="replace"), flush=True)
        return code

    with ThreadPoolExecutor(max_workers=2) as pool:
        codes = list(pool.map(run_one, [None, *range(PARTS)]))
    return max(codes) or report_branches(environment, reached)


def report_branches(environment: Environment, data_files: list) -> int:
    """Print what the tests of a full run never reached; see ``branch_coverage``."""
    return subprocess.run(
        [environment.python, "-m", "installer.branch_coverage", *data_files],
        env=environment.variables,
        cwd=paths.CHECKOUT,
    ).returncode


def run_session(environment: Environment, targets: list, options: list, **where) -> int:
    """One pytest session, with a database of its own if it needs Odoo in it."""
    if not wants_odoo(targets):
        arguments = [*targets, *options, "-p", "no:odoo"]
        return run_pytest(environment, arguments, **where)
    template = installed_template(environment)
    name = where.pop("name", "test")
    with fresh_copy(environment, template, f"{name}_{os.getpid()}") as database:
        in_odoo = [
            f"--odoo-database={database}",
            "--odoo-http",
            "--odoo-log-level=info",
            f"--odoo-extra=db-filter=^{database}$",
            "--odoo-extra=max-cron-threads=0",
            # The browser is our child and wants much address space.
            "--odoo-extra=limit-memory-hard=0",
            f"--odoo-extra=logfile={paths.LOGS / f'{name}.log'}",
        ]
        arguments = [*in_odoo, *targets, *options]
        log = str(install_log(template))
        return run_pytest(environment, arguments, SETUP_INSTALL_LOG=log, **where)


def split(arguments: list) -> tuple:
    """(targets, options) for pytest: leading words are paths or names of tests."""
    count = next(
        (i for i, word in enumerate(arguments) if word.startswith("-")), len(arguments)
    )
    words, options = arguments[:count], arguments[count:]
    targets = [word for word in words if Path(word.partition("::")[0]).exists()]
    names = [word for word in words if word not in targets]
    if names:
        options = ["-k", " or ".join(names), *options]
    return [str(Path(word).absolute()) for word in targets] or everything(), options


def everything() -> list:
    folders = [paths.CHECKOUT / name / "tests" for name in addons.all_in_checkout()]
    return [str(path) for path in (*folders, paths.CHECKOUT / "tests") if path.is_dir()]


def is_full(targets: list, options: list) -> bool:
    """Whether every test runs, so that what no test reached was never reached."""
    return targets == everything() and not CHOOSING & set(options)


def wants_odoo(targets: list) -> bool:
    """Whether a target is an addon's test, which runs inside the pytest process."""
    outside = paths.CHECKOUT / "tests"
    return any(outside not in (Path(word), *Path(word).parents) for word in targets)


def run_pytest(
    environment: Environment,
    arguments: list,
    output: BinaryIO | None = None,
    **variables,
) -> int:
    fixed = [
        f"--rootdir={paths.CHECKOUT}",
        "--import-mode=prepend",
        "-p",
        "installer.log_gate",
        "-p",
        "installer.long_runs",
        "-p",
        "installer.patience",
        "-p",
        "installer.parts",
        # Odoo turns warnings into log records, and the gate reads those.
        "-p",
        "no:warnings",
        "-ra",
        f"-ocache_dir={paths.LOCAL / 'pytest_cache'}",
    ]
    return subprocess.run(
        [environment.python, "-m", "pytest", *fixed, *arguments],
        cwd=paths.CHECKOUT,
        env={**environment.variables, **variables},
        stdout=output,
    ).returncode


def installed_template(environment: Environment) -> str:
    """A database with our addons freshly installed, kept until their sources change."""
    databases = Databases(environment.server)
    needed = ",".join(addons.foreign_dependencies())
    source = environment.source.python_root
    version = f"{paths.CHECKOUT} {source} {environment.python} {needed}"
    base_key = addons.hash_of(text=version)
    key = addons.hash_of(text=f"{base_key} {addons.hashes()}")

    def build_base(name: str) -> None:
        with Step("Preparing a database with Odoo's own addons (once)") as step:
            install(environment, name, needed, f"{name}.log", step)

    def build(name: str) -> None:
        base = databases.template("test_base", base_key, build_base)
        databases.copy(base, name)
        log = install_log(f"test_addons_{key}")
        log.unlink(missing_ok=True)
        with Step("Installing our addons in a fresh database") as step:
            modules = ",".join(addons.all_in_checkout())
            install(environment, name, modules, log.name, step)

    with locks.exclusive(BUILD_LOCK):
        return databases.template("test_addons", key, build)


def install(
    environment: Environment, database: str, modules: str, log_name: str, step: Step
) -> None:
    environment.run_odoo(
        log_name, step, "-d", database, "-i", modules, "--stop-after-init", "--no-http"
    )


def install_log(template: str) -> Path:
    return paths.LOGS / f"{template}.log"


@contextlib.contextmanager
def fresh_copy(environment: Environment, template: str, name: str):
    databases = Databases(environment.server)
    with locks.exclusive(BUILD_LOCK):
        databases.copy(template, name)
    try:
        yield name
    finally:
        databases.drop(name)
