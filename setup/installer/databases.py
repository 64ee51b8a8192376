"""Databases with their filestores: templates that are kept, copies that are quick.

A copy is complete or not there: it is built under another name and renamed at the end.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable

from .errors import SetupError
from .postgres import QueryFailed, Server

BUILDING = "_building"
KEEP = 2
DROP_ATTEMPTS = 6


class Databases:
    def __init__(self, server: Server):
        self.server = server
        self.filestores = server.home / "filestore"

    def names(self, prefix: str = "") -> list:
        """Newest first."""
        rows = self.server.query("SELECT datname FROM pg_database ORDER BY oid DESC")
        return [name for (name,) in rows if name.startswith(prefix)]

    def template(self, kind: str, key: str, build: Callable) -> str:
        """The database of that kind and key; `build(name)` makes a missing one."""
        name = f"{kind}_{key}"
        if name not in self.names():
            self._drop_unfinished(kind)
            build(name + BUILDING)
            self._rename(name + BUILDING, name)
            self._forget_old(kind)
        return name

    def copy(self, source: str, target: str, mark: dict | None = None) -> None:
        """Make `target` from `source`; `mark` is remembered with it."""
        building = target + BUILDING
        self.drop(building)
        if (self.filestores / source).is_dir():
            # Odoo never changes a stored file: links are as good as copies.
            shutil.copytree(
                self.filestores / source,
                self.filestores / building,
                copy_function=os.link,
            )
        self._do(f'CREATE DATABASE "{building}" TEMPLATE "{source}"')
        if mark is not None:
            self.set_mark(building, mark)
        self._rename(building, target)

    def drop(self, name: str) -> None:
        # FORCE gives others five seconds to go; who was just killed may take longer. It
        # may not end an autovacuum, which is the server's own: that goes without it.
        for attempt in range(1, DROP_ATTEMPTS + 1):
            force = " WITH (FORCE)" if attempt % 2 else ""
            try:
                self._do(f'DROP DATABASE IF EXISTS "{name}"{force}')
                break
            except SetupError:
                if attempt == DROP_ATTEMPTS:
                    raise
        shutil.rmtree(self.filestores / name, ignore_errors=True)

    def set_mark(self, name: str, mark: dict) -> None:
        text = json.dumps({"setup": mark}).replace("'", "''")
        self._do(f"COMMENT ON DATABASE \"{name}\" IS '{text}'")

    def mark(self, name: str) -> dict | None:
        """What setup remembers about a database; None when it did not make it."""
        rows = self.server.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
            f"WHERE datname = '{name}'"
        )
        try:
            return json.loads(rows[0][0])["setup"]
        except (IndexError, ValueError, KeyError, TypeError):
            return None

    def _rename(self, name: str, target: str) -> None:
        shutil.rmtree(self.filestores / target, ignore_errors=True)
        if (self.filestores / name).is_dir():
            (self.filestores / name).rename(self.filestores / target)
        self._do(f'ALTER DATABASE "{name}" RENAME TO "{target}"')

    def _drop_unfinished(self, kind: str) -> None:
        for name in self.names(kind + "_"):
            if name.endswith(BUILDING):
                self.drop(name)

    def _forget_old(self, kind: str) -> None:
        for name in self.names(kind + "_")[KEEP:]:
            self.drop(name)

    def _do(self, sql: str) -> None:
        try:
            # An Odoo command that just ended may still be closing its connections.
            self.server.query(sql)
        except QueryFailed as failure:
            raise SetupError(
                "The database server refused a command.", f"{sql}\n{failure}"
            ) from failure
