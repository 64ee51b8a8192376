"""What `setup/pictures` shows beside what a day brings by itself."""

from datetime import timedelta

from odoo import Command

from . import books


def set_scenes(env):
    """One customer whose money is at the bank, one whose order is blocked, one whose
    reminder waits for approval; a replay; everybody looks at the same company.

    :param env: Odoo environment of the superuser
    """
    company = env["res.company"].search([], order="id desc", limit=1)
    env = env(context={"allowed_company_ids": company.ids, "lang": "en_US"})
    company = company.with_env(env)
    _gather(env, company)
    cases = env["dunning.case"].search(
        [("state", "=", "open"), ("overdue_amount", ">", 0)]
        + [("company_id", "=", company.id), ("partner_id.lang", "=", "en_US")],
        order="overdue_amount desc",
    )
    paid, blocked = cases.filtered(lambda case: not case.hold_count)[:2]
    _pay_at_bank(paid)
    _block_order(blocked)
    _replay(company)
    _await_approval(company)


def _gather(env, company):
    """No bot says hello; sales can be seen and the bank be matched."""
    groups = ("sales_team.group_sale_manager", "account.group_account_basic")
    users = env["res.users"].search(
        [("login", "in", ("collector", "manager", "admin"))]
    )
    users.write(
        {
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.link(env.ref(group).id) for group in groups],
            "odoobot_state": "disabled",
        }
    )


def _pay_at_bank(case):
    case.env["dunning.call"].create(
        {"case_id": case.id, "outcome": "reached", "note": "Says that he has paid."}
    )
    item = case.decision_ids.move_line_id.filtered(
        lambda line: line.amount_residual > 0
    ).sorted("date_maturity")[:1]
    case.env["account.bank.statement.line"].create(
        {
            "journal_id": books.journal(case.company_id, "bank").id,
            "date": case.company_id._dunning_today() - timedelta(days=1),
            "payment_ref": f"{item.move_name}, thank you",
            "amount": item.amount_residual,
        }
    )


def _block_order(case):
    case.action_credit_hold_block()
    product = case.env["product.product"].search(
        [("sale_ok", "=", True), ("list_price", ">", 100)], limit=1
    )
    case.env["sale.order"].create(
        {
            "partner_id": case.partner_id.id,
            "company_id": case.company_id.id,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": 4})
            ],
        }
    )


def _replay(company):
    """Of a policy that gives everybody a week more."""
    [policy] = company.env["dunning.policy"].search([("company_id", "=", company.id)])
    later = policy.copy({"name": "A week later", "active": False})
    for level in later.level_ids.sorted("delay_days", reverse=True):
        level.delay_days += 7 * (level.delay_days > 0)
        level.flush_recordset()  # No two have the same day, not even for a moment.
    company.env["dunning.replay"].create(
        {"policy_id": later.id, "company_id": company.id, "state": "queued"}
    )
    books.commit(company.env)
    company.env["dunning.replay"]._cron_replay()


def _await_approval(company):
    """A customer of whom nobody knew hears of four invoices, if a manager agrees."""
    env, today = company.env, company._dunning_today()
    env["dunning.policy"].search([("company_id", "=", company.id)]).mode = "review"
    partner = env["res.partner"].create(
        {
            "name": "Millbrook Instruments Ltd",
            "is_company": True,
            "email": "millbrook@example.com",
            "street": "8 Orchard Lane",
            "city": "Bristol",
            "zip": "BS1 4DJ",
            "country_id": env.ref("base.uk").id,
            "lang": "en_US",
        }
    )
    product = env["product.product"].search([("sale_ok", "=", True)], limit=1)
    books.create_moves(
        company,
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": today - timedelta(days=days + 30),
                "invoice_date_due": today - timedelta(days=days),
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "quantity": days})
                ],
            }
            for days in (24, 17, 9, 2)
        ],
    )
    env["dunning.run"]._run_daily(company)
