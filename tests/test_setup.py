"""What `setup/` promises: real servers that work, bad input that is explained."""

import os
import re
import shutil
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from installer import (
    apt,
    commands,
    databases,
    demo,
    errors,
    log_gate,
    odoo_source,
    parts,
    paths,
    postgres,
    testing,
)

WARNING = "2026-01-01 10:00:00,000 7 WARNING db odoo.addons.x: {}\n"


def setup(*arguments, **environment):
    """Run a setup command as a user does."""
    program, *rest = arguments
    return subprocess.run(
        [sys.executable, paths.SETUP / program, *map(str, rest)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def is_one_clear_message(result):
    return (
        result.returncode == 1
        and result.stderr.startswith("Error: ")
        and "To do: " in result.stderr
        and "Traceback" not in result.stdout + result.stderr
    )


# --- Odoo ---------------------------------------------------------------------


def test_odoo_command_line():
    assert "Odoo Server 19.0" in setup("odoo", "--version").stdout


def test_odoo_passes_the_exit_code_on():
    assert setup("odoo", "no_such_command").returncode == 1


def test_no_link_of_the_source_dangles(odoo_environment):
    addons = odoo_environment.source.python_root
    links = (path for path in addons.rglob("*") if path.is_symlink())
    assert not [path for path in links if not path.exists()]


def test_code_runs_in_a_real_odoo(database, odoo_shell):
    code = "result = env['ir.module.module'].search([]).mapped('state')"
    assert odoo_shell(database(), code).count("installed") > 10


@pytest.mark.parametrize("workers", [0, 2])
def test_a_real_server_answers_and_stops(database, odoo_server, workers):
    server = odoo_server(database(), workers=workers)
    assert server.call("res.users", "search_count", [("login", "=", "admin")]) == 1
    server.terminate()
    assert server.process.returncode == 0


def test_qr_codes_can_be_drawn(database, odoo_shell):
    code = "result = len(env['ir.actions.report'].barcode('QR', 'text'))"
    assert odoo_shell(database(), code) > 100


def test_a_killed_server_leaves_no_worker(database, odoo_server):
    server = odoo_server(database(), workers=2)
    server.kill()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port))


# --- mail ---------------------------------------------------------------------


def test_sink_keeps_the_whole_message(smtp_sink):
    message = EmailMessage()
    message["From"], message["To"] = "us@example.com", "them@example.com"
    message["Subject"] = "Überfällig"
    message.set_content("Bitte zahlen.")
    with smtplib.SMTP("127.0.0.1", smtp_sink.port) as client:
        client.send_message(message, to_addrs=["hidden@example.com"])
        client.send_message(message)
    hidden, plain = smtp_sink.messages
    assert (hidden["X-RcptTo"], plain["X-RcptTo"]) == (
        "hidden@example.com",
        "them@example.com",
    )
    assert plain["Subject"] == "Überfällig"
    assert plain.get_content().strip() == "Bitte zahlen."


def test_sink_can_refuse(smtp_sink):
    smtp_sink.answer = "451 try later"
    with smtplib.SMTP("127.0.0.1", smtp_sink.port) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("us@example.com", "them@example.com", "Subject: x\n\ny")
    assert not smtp_sink.messages


# --- bad input ----------------------------------------------------------------


def test_a_folder_that_is_no_odoo(tmp_path):
    result = setup("demo", "--no-serve", "--odoo", tmp_path)
    assert is_one_clear_message(result)
    assert str(tmp_path) in result.stderr


def test_another_version_of_odoo(tmp_path):
    (tmp_path / "odoo/tools").mkdir(parents=True)
    (tmp_path / "odoo/release.py").write_text("version_info = (18, 0, 0, 'final', 0)")
    result = setup("odoo", "--version", ODOO_PATH=str(tmp_path))
    assert is_one_clear_message(result)
    assert "is Odoo 18.0" in result.stderr


def test_a_port_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = setup("demo", "--port", port)
    assert is_one_clear_message(result)
    assert str(port) in result.stderr


@pytest.mark.parametrize(
    "arguments, environment",
    [
        (["--db", "postgresql://nobody:secret@127.0.0.1:1"], {}),
        (["--db", "host=127.0.0.1 port=1"], {}),
        ([], {"PGHOST": "127.0.0.1", "PGPORT": "1"}),
        ([], {"DATABASE_URL": "postgresql://127.0.0.1:1"}),
    ],
)
def test_an_unreachable_database(arguments, environment):
    result = setup("demo", "--no-serve", *arguments, **environment)
    assert is_one_clear_message(result)
    assert "127.0.0.1" in result.stderr
    assert "secret" not in result.stderr


def test_a_database_url_in_pieces():
    assert postgres.parse_url("postgresql://a:b%40c@h:1/x?sslmode=require") == {
        "PGHOST": "h",
        "PGPORT": "1",
        "PGUSER": "a",
        "PGPASSWORD": "b@c",
        "PGSSLMODE": "require",
    }
    with pytest.raises(errors.SetupError):
        postgres.parse_url("nonsense")


def test_a_ledger_file_that_is_not_there(tmp_path):
    result = setup("demo", "--no-serve", "--ledger", tmp_path / "none.csv")
    assert is_one_clear_message(result)


def test_a_ledger_file_without_the_needed_columns(tmp_path):
    ledger = tmp_path / "ledger.csv"
    ledger.write_text("colour,size\nred,3\n")
    result = setup("demo", "--no-serve", "--ledger", ledger)
    assert is_one_clear_message(result)
    assert "nothing was written" in result.stderr


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    return tmp_path / "cache"


def test_a_disk_that_fills_while_unpacking(empty_cache, monkeypatch):
    monkeypatch.setattr(apt, "own_suite", lambda: ("mirror", "suite"))
    monkeypatch.setattr(odoo_source, "own_suite", lambda: ("mirror", "suite"))
    packages = [empty_cache / "odoo.deb"]
    monkeypatch.setattr(apt.PrivateApt, "download", lambda *_: packages)

    def unpack(argv, *_):
        (argv[-1] / "odoo").mkdir(parents=True)
        raise commands.CommandFailed(argv, 2, "No space left on device", paths.LOGS)

    monkeypatch.setattr(commands, "run", unpack)
    with pytest.raises(errors.SetupError) as caught:
        odoo_source.find(None)
    assert str(empty_cache) in str(caught.value)
    assert "bytes" in str(caught.value)
    assert not [path for path in empty_cache.iterdir() if path.is_dir()]


def test_a_disk_that_is_too_small(empty_cache, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(errors.SetupError, match="disk is full"):
        odoo_source.find(None)
    assert not [path for path in empty_cache.iterdir() if path.is_dir()]


def test_no_way_to_get_odoo(empty_cache, monkeypatch):
    monkeypatch.setattr(odoo_source, "own_suite", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(errors.SetupError) as caught:
        odoo_source.find(None)
    assert "git is not installed" in caught.value.why
    assert "--odoo PATH" in caught.value.to_do


# --- databases ----------------------------------------------------------------


def test_an_interrupted_template_is_built_again(odoo_environment):
    made = databases.Databases(odoo_environment.server)
    kind = f"kind_{os.getpid()}"

    def interrupted(name):
        made.server.query(f'CREATE DATABASE "{name}"')
        raise KeyboardInterrupt

    def whole(name):
        made.server.query(f'CREATE DATABASE "{name}"')

    with pytest.raises(KeyboardInterrupt):
        made.template(kind, "a", interrupted)
    for key in "abc":
        made.template(kind, key, whole)
    try:
        assert made.names(kind) == [f"{kind}_c", f"{kind}_b"]
        made.set_mark(f"{kind}_c", {"ledger": "it's"})
        assert made.mark(f"{kind}_c") == {"ledger": "it's"}
        assert made.mark(f"{kind}_b") is None
    finally:
        for name in made.names(kind):
            made.drop(name)


# --- tests --------------------------------------------------------------------


def test_words_are_paths_or_names(tmp_path):
    assert testing.split([str(tmp_path), "word", "other", "-x", "y"]) == (
        [str(tmp_path)],
        ["-k", "word or other", "-x", "y"],
    )
    targets, options = testing.split(["-x"])
    assert str(paths.CHECKOUT / "tests") in targets
    assert options == ["-x"]


def test_only_a_full_run_measures_branches():
    assert testing.is_full(testing.everything(), ["-x", "--long"])
    assert not testing.is_full(testing.everything(), ["-k", "word"])
    assert not testing.is_full(testing.everything()[:1], [])


def test_parts_of_a_full_run_are_all_of_it_and_keep_classes_together():
    names = [f"test_{n}.py::Test{n}::test_{i}" for n in range(20) for i in range(3)]

    def choose(part):
        items = [SimpleNamespace(nodeid=name) for name in names]
        config = SimpleNamespace(getoption=lambda _name: part)
        parts.pytest_collection_modifyitems(config, items)
        return [item.nodeid for item in items]

    most, few = choose("0,1/3"), choose("2/3")
    assert sorted(most + few) == sorted(names)
    assert len(most) > len(few) > 0
    classes = [{name.rpartition("::")[0] for name in part} for part in (most, few)]
    assert not classes[0] & classes[1]
    assert choose(None) == names


def test_the_log_must_be_silent(tmp_path):
    log = tmp_path / "odoo.log"
    noise = WARNING.replace("odoo.addons.x", "py.warnings").format("docutils")
    log.write_text(noise + WARNING.replace("WARNING", "INFO").format("fine"))
    log_gate.assert_clean_log(log)
    log.write_text(noise + WARNING.format("bad") + "  in two lines\n")
    with pytest.raises(AssertionError, match="bad\n  in two lines"):
        log_gate.assert_clean_log(log)


# --- every file ---------------------------------------------------------------


def test_requirements_are_pinned():
    lines = (paths.SETUP / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "#:"))]
    assert all(re.match(r"[\w-]+==\d", line) for line in wanted)


def test_help_names_every_option():
    text = setup("demo", "--help").stdout
    for option in ("--odoo", "--db", "--ledger", "--map", "--reset", "--date"):
        assert option in text


def test_demo_ledger_key_changes_with_the_day():
    one, other = demo.DemoLedger("2026-01-01"), demo.DemoLedger("2026-01-02")
    assert one.key() != other.key()
