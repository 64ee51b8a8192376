def migrate(cr, version):
    """Messages of replays know their invoices by number, without a table of links."""
    cr.execute("SELECT to_regclass('dunning_replay_message_move_rel')")
    if cr.fetchone() == (None,):
        return
    cr.execute(
        """UPDATE dunning_replay_message message
              SET move_keys = listed.keys
             FROM (SELECT message_id, JSONB_AGG(move_id) AS keys
                     FROM dunning_replay_message_move_rel
                    GROUP BY message_id) AS listed
            WHERE listed.message_id = message.id;
           DROP TABLE dunning_replay_message_move_rel"""
    )
