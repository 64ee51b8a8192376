from odoo import fields
from odoo.tools import SQL

FOLLOW = """
    CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger AS $$
    BEGIN
        IF to_regclass(%(table_name)s) IS NOT NULL THEN
            %(follow)s;
        END IF;
        RETURN NULL;
    END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER %(name)s AFTER DELETE ON %(target)s
           REFERENCING OLD TABLE AS gone
           FOR EACH STATEMENT EXECUTE FUNCTION %(name)s()
"""
PREFIX = "dunning_follow_"
ACTIONS = {
    "cascade": "DELETE FROM %(table)s WHERE %(column)s IN (SELECT id FROM gone)",
    "set null": """UPDATE %(table)s SET %(column)s = NULL
                    WHERE %(column)s IN (SELECT id FROM gone)""",
    "restrict": """
        IF EXISTS (SELECT FROM %(table)s WHERE %(column)s IN (SELECT id FROM gone)) THEN
            RAISE foreign_key_violation
            USING MESSAGE = 'What is deleted is still in use',
                  TABLE = %(table_name)s, COLUMN = %(column_name)s;
        END IF""",
}
"""What a trigger does for each ``ondelete``."""


def get_unchecked_columns(env, table):
    """(table, column) of all fields without a foreign key that point to ``table``, for
    those who would look for foreign keys, as Odoo's merge of customers does."""
    return [
        (model._table, field.name)
        for model in env.values()
        for field in model._fields.values()
        if isinstance(field, UncheckedMany2one)
        and model._auto
        and env[field.comodel_name]._table == table
    ]


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key.

    PostgreSQL checks each foreign key of each inserted row by a query of its own; on
    tables that get a row per open invoice these checks cost more than the rows. Only
    for targets that cannot go away while the row is there, because something else
    checked holds them, or whose ``unlink`` takes care of the rows.
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column without a constraint, an older one is dropped."""
        model.env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                SQL.identifier(model._table),
                SQL.identifier(f"{model._table}_{self.name}_fkey"),
            )
        )


class FollowingMany2one(UncheckedMany2one):
    """A many2one without a foreign key that still follows its targets when they are
    deleted, as ``ondelete`` says: ``cascade``, ``set null`` or ``restrict``.

    A trigger of the target's table does it, once per statement and not per row. What
    it cannot do: notice a target that is deleted while our row is not committed yet.
    So only where the planner has seen the target a moment ago, and where something
    else holds it meanwhile or a row that points to nothing does no harm until
    ``dunning.decision._gc_dangling`` removes it.
    """

    def update_db_foreign_key(self, model, column):
        result = super().update_db_foreign_key(model, column)
        cr = model.env.cr
        name = f"{PREFIX}{model._table}_{self.name}"
        cr.execute("SELECT 1 FROM pg_trigger WHERE tgname = %s", [name])
        if not cr.rowcount:
            follow = SQL(
                ACTIONS[self.ondelete],
                table=SQL.identifier(model._table),
                column=SQL.identifier(self.name),
                table_name=model._table,
                column_name=self.name,
            )
            cr.execute(
                SQL(
                    FOLLOW,
                    name=SQL.identifier(name),
                    table_name=model._table,
                    target=SQL.identifier(model.env[self.comodel_name]._table),
                    follow=follow,
                )
            )
        return result
