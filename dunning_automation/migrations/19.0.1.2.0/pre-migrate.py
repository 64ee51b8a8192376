def migrate(cr, version):
    """Notices may be grouped now: all that is there was about a customer as a whole.

    Before the unique key of the day is made anew, which asks for it: NULL would make
    every old notice unlike all others.
    """
    cr.execute(
        """ALTER TABLE dunning_notice
             ADD COLUMN IF NOT EXISTS group_key varchar NOT NULL DEFAULT ''"""
    )
    cr.execute("ALTER TABLE dunning_notice ALTER COLUMN group_key DROP DEFAULT")
