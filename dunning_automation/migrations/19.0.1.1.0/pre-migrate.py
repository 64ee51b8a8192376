from psycopg2.extras import Json

from odoo.addons.dunning_automation.tools import fingerprint


def migrate(cr, version):
    """Events become sealed: what may not change for ever must hold no words.

    The customer's key goes beside the pointer, typed and shown reasons move from the
    payload, which is hashed, into the note, which can be erased.
    """
    cr.execute(
        """ALTER TABLE dunning_event
             ADD COLUMN IF NOT EXISTS debtor_key integer,
             ADD COLUMN IF NOT EXISTS note text,
             ADD COLUMN IF NOT EXISTS salt varchar"""
    )
    cr.execute(
        "UPDATE dunning_event SET debtor_key = partner_id WHERE debtor_key IS NULL"
    )
    cr.execute(
        """SELECT id, payload FROM dunning_event
            WHERE kind != 'address_missing' AND payload ? 'reason'"""
    )  # The reason of a missing address is a code, no words.
    for event_id, payload in cr.fetchall():
        note, salt = payload.pop("reason"), fingerprint.new_salt()
        payload["hmac"] = {"note": fingerprint.of_personal(salt, note)}
        cr.execute(
            "UPDATE dunning_event SET note = %s, salt = %s, payload = %s WHERE id = %s",
            (note, salt, Json(payload), event_id),
        )
