"""PostgreSQL: the server that the user names, else our own, from a Python package.

Every program gets the connection in libpq's own environment variables, so no password
is written to a file. Our own server runs as long as some setup command uses it: each
holds a shared lock on `users.lock`, and a keeper process (below) stops the server when
it gets that lock for itself, however the last user ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shlex
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from . import commands, locks, paths
from .errors import SetupError
from .progress import say

ROLE = "odoo"
SYSTEM_USER = "embedded_postgres"
# What makes a server "named by the user"; PGPORT, PGUSER and so on only add to it.
NAMING = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
SOCKET_PATH_LIMIT = 107

# Nobody else connects, and the data is a demo's: a killed process costs nothing, a
# power cut may cost the databases, and setup makes them again.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
}

KEEPER_LOCK = paths.LOCAL / "postgres" / "keeper.lock"
USERS_LOCK = paths.LOCAL / "postgres" / "users.lock"


class Server:
    """How to reach a server, and its `psql`."""

    def __init__(self, psql: Path, environment: dict, named: bool):
        self.psql, self.environment, self.named = psql, environment, named

    @property
    def home(self) -> Path:
        """Odoo's files that belong to the databases of this server."""
        if not self.named:
            return paths.LOCAL / "odoo"
        place = [self.environment.get(name, "") for name in (*NAMING, "PGPORT")]
        key = hashlib.sha256(" ".join(place).encode()).hexdigest()[:8]
        return paths.LOCAL / f"odoo-{key}"

    def query(self, sql: str, database: str = "postgres") -> list:
        """Rows as lists of strings."""
        answer = subprocess.run(
            [self.psql, "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=sql,
            capture_output=True,
            text=True,
            env=child_environment(self.environment),
        )
        if answer.returncode:
            raise QueryFailed(answer.stderr.strip())
        return [line.split("\t") for line in answer.stdout.splitlines()]


class QueryFailed(Exception):
    pass


def child_environment(connection: dict) -> dict:
    """Our environment with that connection and no other."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**kept, **connection}


def connect(python: Path, url: str | None = None) -> Server:
    """The server to use, checked: reachable, and a role that may create databases."""
    binaries = _binaries(python)
    named = _named_by_user(url)
    if named:
        named.setdefault("PGCONNECT_TIMEOUT", "10")
        server = Server(binaries / "psql", named, named=True)
    else:
        server = Server(binaries / "psql", _start_own(binaries), named=False)
    _check(server)
    return server


def _binaries(python: Path) -> Path:
    [packages] = (python.parent.parent / "lib").glob("python3*/site-packages")
    return packages / "embedded_postgres" / "pginstall" / "bin"


# --- a server named by the user -----------------------------------------------


def _named_by_user(url: str | None) -> dict:
    url = url or os.environ.get("DATABASE_URL")
    given = {k: v for k, v in os.environ.items() if k.startswith("PG")}
    # Odoo would take it as the name of its own database.
    given.pop("PGDATABASE", None)
    if url:
        return {**given, **parse_url(url)}
    return given if any(given.get(name) for name in NAMING) else {}


def parse_url(text: str) -> dict:
    """`postgresql://user:password@host:port/?sslmode=...` or `host=... user=...`."""
    if "://" in text:
        parts = urlsplit(text)
        settings = {
            "host": unquote(parts.hostname or ""),
            "port": str(parts.port or ""),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            **dict(parse_qsl(parts.query)),
        }
    else:
        try:
            settings = dict(word.split("=", 1) for word in shlex.split(text))
        except ValueError:
            raise SetupError(
                f"--db {text!r} names no database server.",
                to_do="Write postgresql://user:password@host:port or 'host=... ...'",
            ) from None
    settings.pop("dbname", None)
    return {f"PG{key.upper()}": value for key, value in settings.items() if value}


def _check(server: Server) -> None:
    place = server.environment.get("PGHOST") or server.environment.get("PGSERVICE")
    try:
        [[user, may_create, version]] = server.query(
            "SELECT current_user, rolcreatedb OR rolsuper, "
            "current_setting('server_version_num')::int / 10000 "
            "FROM pg_roles WHERE rolname = current_user"
        )
    except QueryFailed as failure:
        raise SetupError(
            f"The database server {place} cannot be used.",
            str(failure),
            "Check host, port, user and password in --db or in the PG* environment "
            "variables,\nand that the server runs. Without them setup starts its own.",
        ) from failure
    if user == "postgres" or may_create != "t" or int(version) < 13:
        raise SetupError(
            f"The database server {place} does not suit Odoo.",
            f"User {user}, may create databases: {may_create}, PostgreSQL {version}.",
            "Odoo wants PostgreSQL 13 or newer and a user who may create databases\n"
            "and is not 'postgres': CREATE ROLE odoo LOGIN CREATEDB PASSWORD '...'",
        )


# --- our own server -----------------------------------------------------------


class OwnServer:
    """The server in `.local/postgres`. As root it runs as a system user of its own.

    :param settings: other than ours
    """

    def __init__(self, binaries: Path, **settings):
        self.binaries = binaries
        self.settings = {**SETTINGS, **settings}
        version = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True
        ).stdout.split()[2]
        self.data = paths.LOCAL / "postgres" / version.split(".")[0]
        self.log = paths.LOGS / "postgres.log"
        self.as_user = _system_user() if os.geteuid() == 0 else {}

    @property
    def socket_folder(self) -> Path:
        """Inside the data (which only its owner may enter), unless that is too deep."""
        if len(str(self.data / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
            return self.data
        inode = (paths.LOCAL / "postgres").stat().st_ino
        return Path(tempfile.gettempdir()) / f"dunning-postgres-{inode}"

    @property
    def connection(self) -> dict:
        return {"PGHOST": str(self.socket_folder), "PGPORT": "5432"}

    def is_running(self) -> bool:
        is_ready = [self.binaries / "pg_isready", "-q", "-t", "5"]
        variables = child_environment(self.connection)
        return subprocess.run(is_ready, env=variables).returncode == 0

    def start(self) -> None:
        if self.as_user:
            _let_pass(self.data.parent, self.binaries)
        if not (self.data / "PG_VERSION").exists():
            self._make_data()
        self._take_over()
        if self.socket_folder != self.data:
            self._own(self.socket_folder)
        self._own(self.log, folder=False)
        folder = str(self.socket_folder)
        settings = {**self.settings, "unix_socket_directories": folder}
        options = " ".join(f"-c {key}={shlex.quote(v)}" for key, v in settings.items())
        self._run("pg_ctl", "-w", "-t", "120", "-l", self.log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def _make_data(self) -> None:
        for folder in self.data.parent.glob("*.partial"):
            subprocess.run(["rm", "-rf", folder])
        partial = self.data.with_suffix(".partial")
        self._own(partial)
        encoding = ["--encoding=UTF8", "--locale=C.UTF-8"]
        self._run("initdb", "-U", "postgres", "--auth=trust", *encoding, data=partial)
        partial.rename(self.data)

    def _take_over(self) -> None:
        """Accept data of a copied checkout, and of a server that a reboot ended."""
        if self.as_user and self.data.stat().st_uid != self.as_user["user"]:
            owner = "{user}:{group}".format(**self.as_user)
            subprocess.run(["chown", "-R", owner, self.data], check=True)
        running = self.data / "postmaster.pid"
        if running.exists():
            pid = running.read_text().split()[0]
            works_in = os.path.realpath(f"/proc/{pid}/cwd")
            if works_in != os.path.realpath(self.data):
                for stale in (running, *self.data.glob(".s.PGSQL.*")):
                    stale.unlink()

    def _own(self, path: Path, folder: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True) if folder else path.touch()
        if self.as_user:
            os.chown(path, self.as_user["user"], self.as_user["group"])

    def _run(self, program: str, *arguments, data: Path | None = None) -> None:
        argv = [self.binaries / program, "-D", data or self.data, *arguments]
        commands.run(argv, "postgres_setup.log", cwd="/", **self.as_user)


def _system_user() -> dict:
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        add = ["useradd", "--system", "--no-create-home", SYSTEM_USER]
        subprocess.run(add, check=True, capture_output=True)
        user = pwd.getpwnam(SYSTEM_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _let_pass(*folders: Path) -> None:
    """Let the system user walk to these folders (not list the ones above them)."""
    for folder in folders:
        for above in (folder, *folder.parents):
            mode = above.stat().st_mode
            if not mode & stat.S_IXOTH:
                say(f"{above}: others may now pass through (for PostgreSQL's own user)")
                above.chmod(mode | stat.S_IXOTH)


def _start_own(binaries: Path) -> dict:
    server = OwnServer(binaries)
    with locks.exclusive(paths.LOCAL / "postgres" / "start.lock"):
        locks.hold_shared(USERS_LOCK)
        if not server.is_running():
            _start(server)
        _ensure_role(server)
        _start_keeper(binaries)
    return {**server.connection, "PGUSER": ROLE}


def _start(server: OwnServer) -> None:
    try:
        server.start()
    except commands.CommandFailed as failure:
        raise SetupError(
            "PostgreSQL does not start.",
            failure.tail,
            f"Read {server.log}. If the data is damaged, delete {server.data}.",
        ) from failure


def _ensure_role(server: OwnServer) -> None:
    superuser = {**server.connection, "PGUSER": "postgres"}
    admin = Server(server.binaries / "psql", superuser, named=False)
    if not admin.query(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):
        admin.query(f"CREATE ROLE {ROLE} LOGIN CREATEDB")


def _start_keeper(binaries: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", __name__, str(binaries)],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(paths.SETUP)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def keep(binaries: Path) -> None:
    """Stop the server when its last user is gone. One keeper is enough."""
    keeper, users = locks.open_lock(KEEPER_LOCK), locks.open_lock(USERS_LOCK)
    if locks.try_lock(keeper):
        fcntl.flock(users, fcntl.LOCK_EX)
        OwnServer(binaries).stop()
        # In this order: who gets the users' lock next finds no keeper and starts one.
        os.close(keeper)
        os.close(users)


if __name__ == "__main__":
    locks.leave_parent()
    keep(Path(sys.argv[1]))
