import json
import logging
import uuid
from pathlib import Path
from urllib.parse import quote, urlsplit

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, config, format_datetime

from ..tools import high_water_mark

_logger = logging.getLogger(__name__)

ACTIVATION = "dunning_automation.activation"
NEUTRALIZED = "database.is_neutralized"
PARAMETERS = (ACTIVATION, NEUTRALIZED, "database.uuid", "web.base.url")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


class DunningGuard(models.AbstractModel):
    """Says whether messages may leave this database at all.

    A restored or cloned database knows every overdue invoice and none of the messages
    that left since the backup: it would remind everybody again. So a database sends
    only while it is *activated*: its identity (identifier, name, database server, web
    address) is the one that a manager activated, and the mark outside of the database
    (``tools/high_water_mark.py``) belongs to that activation and is not ahead of it.

    Everything else is a *hold*: a sentence that says what was found and what to do.
    """

    _name = "dunning.guard"
    _description = "Dunning Guard"

    # === MAY IT LEAVE? === #

    @api.model
    def _get_hold(self, company):
        """Why nothing may leave for ``company`` now; empty when it may."""
        return self._get_database_hold() or self._get_stop(company)

    @api.model
    def _get_stop(self, company):
        """Who stopped the reminders of ``company``, when and why; or empty."""
        company = company.sudo().parent_ids.filtered("dunning_stopped")[-1:]
        if not company:
            return ""
        values = {
            "company": company.name,
            "user": company.dunning_stopped_by_id.name,
            "time": format_datetime(
                self.env, company.dunning_stopped_at, dt_format="short"
            ),
            "reason": company.dunning_stopped_reason,
        }
        if company.dunning_stopped_reason:
            return self.env._(
                "All reminders of %(company)s were stopped by %(user)s on %(time)s: "
                "%(reason)s",
                **values,
            )
        return self.env._(
            "All reminders of %(company)s were stopped by %(user)s on %(time)s.",
            **values,
        )

    @api.model
    def _get_sending_companies_sql(self):
        """Condition about ``company``, a row of res_company, that is true where sending
        was not stopped, neither there nor in a parent. Part of the claim, so that
        nobody can be late."""
        return SQL(
            """NOT EXISTS (
                   SELECT 1
                     FROM res_company stopped
                    WHERE stopped.dunning_stopped
                      AND company.parent_path LIKE stopped.parent_path || '%%')"""
        )

    @api.model
    def _get_database_hold(self):
        """Why nothing may leave this database; empty when it may."""
        facts = self._read_facts()
        if facts["neutralized"]:
            return self.env._(
                "This database is a neutralized copy: no reminder ever leaves it."
            )
        activation = facts["activation"]
        if not activation:
            return self.env._(
                "This database was not activated for sending. Activate it if it is the "
                "one that your customers shall hear from."
            )
        differences = self._get_differences(activation, facts["identity"])
        if differences:
            return self.env._(
                "This is not the database that was activated for sending: %s. If it "
                "took over, activate it; if it is a copy, leave it as it is.",
                "; ".join(differences),
            )
        return self._get_mark_hold(activation)

    def _get_differences(self, activation, identity):
        """What distinguishes the database from the one that was activated."""
        told = {
            "uuid": self.env._("its identifier changed, as it does in a duplicate"),
            "name": self.env._("it was called “%(then)s” and is “%(now)s” now"),
            "server": self.env._("it runs on another database server"),
            "host": self.env._(
                "its web address, to which the links in messages lead, was “%(then)s” "
                "and is “%(now)s” now (system parameter web.base.url)"
            ),
        }
        return [
            text % {"then": activation.get(key), "now": identity[key]}
            for key, text in told.items()
            # What was not known at the activation cannot differ.
            if activation.get(key) and activation[key] != identity[key]
        ]

    def _get_mark_hold(self, activation):
        path = self._get_mark_path()
        try:
            mark = high_water_mark.rise(path, activation["key"], 0)
        except (OSError, ValueError, high_water_mark.ForeignMark) as error:
            return self._explain(error)
        # The mark was read first: a snapshot that is taken now has everything that the
        # mark counts, the one of this transaction may be older.
        if not self._knows(mark, self.env.cr):
            with self.env.registry.cursor() as cr:
                is_known = self._knows(mark, cr)
            if not is_known:
                return self.env._(
                    "This database was restored from an older backup: it does not know "
                    "event %s, which had happened. Customers may have got messages "
                    "that it knows nothing of. Check what left in between, then "
                    "activate it.",
                    mark.event,
                )
        return ""

    def _knows(self, mark, cr):
        """Whether ``cr`` sees the very event of the mark. Its number is not enough: a
        restored database goes on counting."""
        if not mark.token:
            return mark.event <= self._read_last_event(cr)
        cr.execute(
            "SELECT payload->>'fence' FROM dunning_event WHERE id = %s", [mark.event]
        )
        return cr.fetchone() == (mark.token,)

    def _explain(self, error):
        """A sentence about a mark that cannot be used."""
        path = self._get_mark_path()
        if isinstance(error, high_water_mark.ForeignMark):
            return self.env._(
                "Another copy of this database was activated for sending after this "
                "one. Only one may send: activate this one if it is the right one."
            )
        if isinstance(error, FileNotFoundError):
            return self.env._(
                "The file that proves that this is the latest copy is missing: "
                "%(path)s. If no other copy of this database sends, activate it.",
                path=path,
            )
        return self.env._(
            "The file that proves that this is the latest copy cannot be used: "
            "%(error)s. Let the server's user read and write %(path)s, or activate "
            "the database again.",
            error=error,
            path=path,
        )

    @api.model
    def _raise_mark(self, event_id, token=""):
        """Remember outside of the database how far it came. Costs no query.

        :param int event_id: an event that is **committed**; one that is rolled back
            later would make the database look restored
        :param str token: the ``fence`` in its payload
        :return: why nothing may leave, empty when all is well
        """
        activation = json.loads(self._get_parameter(ACTIVATION) or "{}")
        try:
            high_water_mark.rise(
                self._get_mark_path(), activation.get("key"), event_id, token
            )
        except (OSError, ValueError, high_water_mark.ForeignMark) as error:
            return self._explain(error)
        return ""

    # === FACTS === #

    def _get_parameter(self, key):
        return self.env["ir.config_parameter"].sudo().get_param(key)

    def _read_facts(self):
        """Identity and activation as they are in the database now. Not from the cache:
        a database can be replaced under a running server."""
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.flush_model(["key", "value"])
        values = dict(
            self.env.execute_query(
                SQL(
                    "SELECT key, value FROM ir_config_parameter WHERE key IN %s",
                    PARAMETERS,
                )
            )
        )
        return {
            "neutralized": str(values.get(NEUTRALIZED)).lower() in ("true", "1"),
            "activation": json.loads(values.get(ACTIVATION) or "{}"),
            "identity": {
                "uuid": values.get("database.uuid") or "",
                "name": self.env.cr.dbname,
                "server": self._read_server(),
                "host": urlsplit(values.get("web.base.url") or "").hostname or "",
            },
        }

    def _read_server(self):
        """Number of the database cluster: a dump restored elsewhere gets another one.
        Empty where the server does not tell it to us."""
        may_read = SQL("has_function_privilege('pg_control_system()', 'EXECUTE')")
        if not self.env.execute_query(SQL("SELECT %s", may_read))[0][0]:
            return ""
        rows = self.env.execute_query(
            SQL("SELECT system_identifier::text FROM pg_control_system()")
        )
        return rows[0][0]

    def _read_last_event(self, cr):
        """Id of the latest event that ``cr`` sees, 0 if there is none."""
        cr.execute("SELECT COALESCE(MAX(id), 0) FROM dunning_event")
        return cr.fetchone()[0]

    def _get_folder(self):
        """Where this database keeps what must outlive it; a copy has another one."""
        identifier = quote(self._get_parameter("database.uuid") or "none", safe="")
        folder = Path(config["data_dir"]) / "dunning_automation" / identifier
        return folder / quote(self.env.cr.dbname, safe="")

    def _get_mark_path(self):
        return self._get_folder() / "mark.json"

    # === ACTIVATION === #

    @api.model
    def action_activate(self):
        """A manager says that this database is the one that sends."""
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager activates a database.")
            )
        guard_sudo = self.sudo()
        guard_sudo._activate()
        guard_sudo.env["dunning.event"].create(
            {"company_id": self.env.company.id, "kind": "database_activated"}
        )
        guard_sudo.env["dunning.sender"]._trigger()

    @api.model
    def _activate(self):
        """Make this database the one that sends; every other copy loses that right.

        :raise UserError: when it is neutralized, or the mark cannot be written
        """
        facts = self._read_facts()
        if facts["neutralized"]:
            raise UserError(
                self.env._(
                    "This database is a neutralized copy and cannot be activated."
                )
            )
        key = uuid.uuid4().hex
        try:
            high_water_mark.start(
                self._get_mark_path(), key, self._read_last_event(self.env.cr)
            )
        except OSError as error:
            raise UserError(self._explain(error)) from error
        self._store_activation(facts["identity"] | {"key": key})

    def _store_activation(self, activation):
        if activation["host"] in LOCAL_HOSTS:
            activation["host"] = ""  # Nobody has logged in from outside yet.
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(ACTIVATION, json.dumps(activation))

    @api.model
    def _activate_on_install(self):
        """A database that gets this addon sends from here; where that is impossible
        the health page tells why, and the installation goes on."""
        try:
            self._activate()
        except UserError as error:
            _logger.info("Dunning: the database is not activated. %s", error)

    @api.model
    def _adopt_host(self):
        """A database installed from the command line learns its web address later, when
        an administrator logs in: that is no change of identity."""
        facts = self._read_facts()
        activation, host = facts["activation"], facts["identity"]["host"]
        if activation and not activation["host"] and host not in ("", *LOCAL_HOSTS):
            self._store_activation(activation | {"host": host})
