"""A ledger of any size, written by SQL into Odoo's own tables with their own indexes.

One customer and one invoice are made through the ORM; the rest are copies of their
rows with other names, dates and amounts. A debtor has `LINES_PER_DEBTOR` invoices, due
from `COMING_DAYS` ahead to `SPREAD - COMING_DAYS - 1` days ago, so that each rung of
the standard ladder has lines that are old enough for it.
"""

import contextlib
from datetime import timedelta

LINES_PER_DEBTOR = 10
SPREAD = 61
COMING_DAYS = 10
COMPANY_EMAIL = "billing@seller.example"

# How many days line `g` is overdue: the step is prime to the spread, so the lines of a
# debtor lie apart and all days occur equally often.
DAYS_OVERDUE = f"(MOD(g * 37, {SPREAD})::int - {COMING_DAYS})"
AMOUNT = "(50 + MOD(g * 7919, 95000) / 100.0)::numeric(12, 2)"


def build(env, lines, smtp_port):
    """Fill a fresh database with `lines` open receivable lines.

    :return: dict with the number of ``lines`` and ``debtors``
    """
    company = env.company
    _configure(env, company, smtp_port)
    invoice = _make_sample(env, company)
    env.flush_all()
    debtors = -(-lines // LINES_PER_DEBTOR)
    with _without_upkeep(env, "res_partner", "account_move", "account_move_line"):
        _copy_sample(env, invoice, lines, debtors)
    env.invalidate_all()
    invoice.button_draft()
    invoice.button_cancel()
    return {"lines": lines, "debtors": debtors}


def _copy_sample(env, invoice, lines, debtors):
    first_partner = _copy_rows(
        env,
        "res_partner",
        invoice.partner_id.id,
        debtors,
        name="'Customer ' || g",
        complete_name="'Customer ' || g",
        email="'c' || g || '@example.com'",
        email_normalized="'c' || g || '@example.com'",
        commercial_partner_id="id",
    )
    partner = f"{first_partner} + (g - 1) / {LINES_PER_DEBTOR}"
    due = f"CURRENT_DATE - {DAYS_OVERDUE}"
    first_move = _copy_rows(
        env,
        "account_move",
        invoice.id,
        lines,
        name="'BENCH/' || g",
        sequence_number="g",
        payment_reference="'BENCH/' || g",
        access_token="NULL",
        made_sequence_gap="FALSE",
        partner_id=partner,
        partner_shipping_id=partner,
        commercial_partner_id=partner,
        invoice_date=f"{due} - 30",
        date=f"{due} - 30",
        invoice_date_due=due,
        **dict.fromkeys(_amounts(env, "account_move"), AMOUNT),
    )
    moves = {"move_id": f"{first_move} + g - 1", "move_name": "'BENCH/' || g"}
    dates = {"date": f"{due} - 30", "invoice_date": f"{due} - 30"}
    receivable = invoice.line_ids.filtered("date_maturity")
    for line, sign in ((receivable, ""), (invoice.line_ids - receivable, "-")):
        is_debt = line == receivable
        _copy_rows(
            env,
            "account_move_line",
            line.id,
            lines,
            partner_id=partner,
            date_maturity=due if is_debt else "NULL",
            debit=AMOUNT if is_debt else "0",
            credit="0" if is_debt else AMOUNT,
            balance=sign + AMOUNT,
            amount_currency=sign + AMOUNT,
            amount_residual=AMOUNT if is_debt else "0",
            amount_residual_currency=AMOUNT if is_debt else "0",
            **moves,
            **dates,
        )


def age(env, years):
    """Let the invoices lie years apart, as a history does, and most be paid.

    :return: dict with the number of payments, ``paid``
    """
    back = f"MOD(id::bigint * 7919, {years * 365})::int"
    with _without_upkeep(env, "account_move", "account_move_line"):
        env.cr.execute(
            f"""UPDATE account_move move
                   SET invoice_date = invoice_date - {back}, date = date - {back},
                       invoice_date_due = invoice_date_due - {back}
                 WHERE move_type = 'out_invoice' AND state = 'posted'
                   AND MOD(id, 3) > 0;
                UPDATE account_move_line line
                   SET date = move.date, invoice_date = move.invoice_date,
                       date_maturity = CASE WHEN line.date_maturity IS NOT NULL
                                            THEN move.invoice_date_due END
                  FROM account_move move
                 WHERE move.id = line.move_id AND move.move_type = 'out_invoice'
                   AND move.date != line.date"""
        )
    return {"paid": pay(env)}


def pay(env):
    """Let most customers pay, as in life: of 20 invoices 17, from 5 days before to 25
    days after the due date, as far as that day has come.

    :return: the number of payments
    """
    cr = env.cr
    cr.execute(
        """CREATE TEMPORARY TABLE bench_paid AS
           SELECT ROW_NUMBER() OVER (ORDER BY id) AS g, *
             FROM (SELECT id, move_id, partner_id, balance, currency_id, company_id,
                          date_maturity + MOD(id::bigint * 7919, 31)::int - 5 AS day
                     FROM account_move_line
                    WHERE date_maturity IS NOT NULL
                      AND parent_state = 'posted' AND MOD(id, 20) < 17
                  ) AS line
            WHERE day <= CURRENT_DATE;
           CREATE UNIQUE INDEX ON bench_paid (g);
           ANALYZE bench_paid;
           SELECT COUNT(*), MIN(id), MIN(move_id) FROM bench_paid"""
    )
    [[count, line_id, move_id]] = cr.fetchall()

    bank = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )

    def of_paid(column):
        return f"(SELECT {column} FROM bench_paid WHERE bench_paid.g = numbers.g)"

    with _without_upkeep(
        env, "account_move", "account_move_line", "account_partial_reconcile"
    ):
        first_move = _copy_rows(
            env,
            "account_move",
            move_id,
            count,
            name="'PAID/' || g",
            sequence_number="g",
            payment_reference="NULL",
            move_type="'entry'",
            journal_id=f"{bank.id}",
            date=of_paid("day"),
            invoice_date="NULL",
            partner_id=of_paid("partner_id"),
            commercial_partner_id=of_paid("partner_id"),
        )
        amount = of_paid("balance")
        first_line = _copy_rows(
            env,
            "account_move_line",
            line_id,
            count,
            move_id=f"{first_move} + g - 1",
            move_name="'PAID/' || g",
            journal_id=f"{bank.id}",
            partner_id=of_paid("partner_id"),
            date=of_paid("day"),
            date_maturity=of_paid("day"),
            debit="0",
            credit=amount,
            balance=f"-{amount}",
            amount_currency=f"-{amount}",
        )
        cr.execute(
            f"""INSERT INTO account_partial_reconcile
                       (debit_move_id, credit_move_id, amount, debit_amount_currency,
                        credit_amount_currency, debit_currency_id, credit_currency_id,
                        company_id, max_date)
                SELECT id, {first_line} + g - 1, balance, balance, balance, currency_id,
                       currency_id, company_id, day
                  FROM bench_paid;
                UPDATE account_move_line
                   SET reconciled = TRUE, amount_residual = 0,
                       amount_residual_currency = 0
                 WHERE id IN (SELECT id FROM bench_paid
                           UNION ALL SELECT {first_line} + g - 1 FROM bench_paid);
                UPDATE account_move
                   SET payment_state = 'paid', amount_residual = 0
                 WHERE id IN (SELECT move_id FROM bench_paid);
                DROP TABLE bench_paid"""
        )
    env.invalidate_all()
    return count


@contextlib.contextmanager
def _without_upkeep(env, *tables):
    """Foreign keys and indexes are dropped and made again, as they were: at once for
    all rows this takes a fraction of the time."""
    cr = env.cr
    cr.execute(
        """SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid)
             FROM pg_constraint
            WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])""",
        [list(tables)],
    )
    keys = cr.fetchall()
    cr.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
             FROM pg_index
            WHERE indrelid = ANY (%s::regclass[])
              AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)""",
        [list(tables)],
    )
    indexes = cr.fetchall()
    for name, table, _definition in keys:
        cr.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cr.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cr.execute(definition)
    for name, table, definition in keys:
        cr.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _configure(env, company, smtp_port):
    """A company that sends by itself, to the sink."""
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    # A company of this size writes to everybody on its first day, and means it.
    company.write({"email": COMPANY_EMAIL, "dunning_daily_limit": 0})
    env["dunning.guard"]._activate()
    env["dunning.policy"].search([]).write({"mode": "automatic"})
    env["ir.mail_server"].create(
        {
            "name": "Benchmark sink",
            "smtp_host": "127.0.0.1",
            "smtp_port": smtp_port,
            "smtp_encryption": "none",
        }
    )


def _make_sample(env, company):
    """A posted invoice of one line without tax."""
    partner = env["res.partner"].create(
        {"name": "Sample", "is_company": True, "email": "sample@example.com"}
    )
    today = company._dunning_today()
    line = {"name": "Work", "quantity": 1, "price_unit": 100, "tax_ids": []}
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": today - timedelta(days=30),
            "invoice_date_due": today,
            "invoice_line_ids": [(0, 0, line)],
        }
    )
    invoice.action_post()
    return invoice


def _amounts(env, table):
    """The positive amounts of an invoice: all columns that hold the sample's total."""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = %s AND column_name ~ '^amount_(untaxed|total|residual)'",
        [table],
    )
    return [name for (name,) in env.cr.fetchall()]


def _copy_rows(env, table, source_id, count, **different):
    """Insert `count` copies of a row, with consecutive ids.

    :param different: SQL per column, over ``g`` (1 to `count`) and ``id``, the new one
    :return: the first id
    """
    cr = env.cr
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        [table],
    )
    columns = sorted({name for (name,) in cr.fetchall()} - {"id"})
    cr.execute(f"SELECT nextval('{table}_id_seq')")
    [first] = cr.fetchone()
    values = ", ".join(
        different.get(column, f'source."{column}"') for column in columns
    )
    names = ", ".join(f'"{column}"' for column in columns)
    # The names come from the catalogue and the values from this file.
    cr.execute(
        f"""INSERT INTO {table} (id, {names})
            SELECT id, {values}
              FROM (SELECT g, {first} + g - 1 AS id
                      FROM generate_series(1::bigint, %s) g) AS numbers
        CROSS JOIN (SELECT {names} FROM {table} WHERE id = %s) AS source
             ORDER BY numbers.g""",
        [count, source_id],
    )
    cr.execute(f"SELECT setval('{table}_id_seq', %s)", [first + count])
    return first
