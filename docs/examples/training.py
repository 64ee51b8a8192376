"""Solutions of the training exercises, by the buttons that people press.

    setup/odoo shell -d demo < docs/examples/training.py

tries all of them on the demo and takes everything back. Each function gets ``env`` of a
collections manager, does its exercise and says what was found.
"""

from datetime import timedelta

LEFT = ("notice_sent", "notice_unknown")


def count_left(env):
    """How many messages have left, or may have."""
    return env["dunning.event"].search_count([("kind", "in", LEFT)])


def find_debt(env):
    """An overdue item that nothing holds back."""
    domain = [
        ("outcome", "in", ("remind", "wait")),
        ("date_due", "<", env.company._dunning_today()),
        ("company_id", "=", env.company.id),
    ]
    return env["dunning.decision"].search(domain, limit=1).move_line_id


def post_overdue_invoice(env):
    """A customer who is new, and late."""
    today = env.company._dunning_today()
    customer = {"name": "Training Ltd", "email": "training@example.com"}
    work = {"name": "Work", "price_unit": 100, "tax_ids": []}
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create(customer).id,
            "invoice_date": today - timedelta(days=40),
            "invoice_date_due": today - timedelta(days=20),
            "invoice_line_ids": [(0, 0, work)],
        }
    )
    invoice.action_post()
    return invoice


def simulate(env):
    """Exercise 1."""
    before = count_left(env)
    day = env.company._dunning_today() + timedelta(days=7)
    run = env["dunning.run"].create({"simulation": True, "date": day})
    run.action_start()
    assert set(run.notice_ids.mapped("simulation")) == {True}
    assert count_left(env) == before
    return f"{len(run.notice_ids)} notices on {day} if nobody pays; nothing left"


def explain(env):
    """Exercise 2."""
    decision = env["dunning.decision"].search([("outcome", "!=", "remind")], limit=1)
    decision = decision or env["dunning.decision"].search([], limit=1)
    move = decision.move_line_id.move_id
    assert move.dunning_explanation
    return f"{move.name}: {move.dunning_explanation}"


def promise(env):
    """Exercise 3."""
    item = find_debt(env)
    day = env.company._dunning_today() + timedelta(days=5)
    env["dunning.promise"].create({"move_line_ids": [(6, 0, item.ids)], "date": day})
    env["dunning.run"].create({}).action_start()
    decision = env["dunning.decision"].search([("move_line_id", "=", item.id)])
    assert decision.reason == "hold_promise"
    return f"{item.move_id.name}: nothing is heard of it until {day}"


def dispute(env):
    """Exercise 4."""
    item = find_debt(env)
    noted = env["dunning.dispute"].create({"move_line_ids": [(6, 0, item.ids)]})
    held = env["dunning.hold"].search([("move_line_ids", "in", item.ids)])
    assert (held.kind, held.state) == ("dispute", "active")
    noted.action_reject()
    assert held.state == "released"
    return f"{item.move_id.name}: rejected, reminders go on"


def do_not_send(env):
    """Exercise 5."""
    policies = env["dunning.policy"].search([("mode", "=", "automatic")])
    policies.mode = "review"
    invoice = post_overdue_invoice(env)
    env["dunning.run"].create({}).action_start()
    notice = invoice.dunning_notice_ids
    assert notice.state == "planned"
    values = {"notice_ids": [(6, 0, notice.ids)], "reason": "Training"}
    env["dunning.notice.skip"].create(values).action_confirm()
    env["dunning.run"].create({}).action_start()
    env.invalidate_all()
    assert invoice.dunning_notice_ids == notice
    assert (notice.state, notice.reason) == ("cancelled", "Training")
    return f"{invoice.name}: not sent, the step counts as taken"


def stop_and_resume(env):
    """Exercise 6."""
    waiting = env["dunning.sender"]._count_ready()
    env["dunning.stop"].create({"reason": "Training"}).action_confirm()
    env.flush_all()
    assert env["dunning.sender"]._count_ready() == 0
    env.company.action_dunning_resume()
    env.flush_all()
    assert env["dunning.sender"]._count_ready() == waiting
    return f"stopped and resumed; {waiting} notices wait for their sender"


def evidence(env):
    """Exercise 7."""
    case = env["dunning.case"].search([("state", "=", "open")], limit=1)
    before = env["dunning.event"].search_count([("kind", "=", "evidence_exported")])
    case.action_export_evidence()
    after = env["dunning.event"].search_count([("kind", "=", "evidence_exported")])
    assert after == before + 1
    return f"{case.partner_id.name}: exported, and the timeline says by whom"


EXERCISES = (
    simulate,
    explain,
    promise,
    dispute,
    do_not_send,
    stop_and_resume,
    evidence,
)

if "env" in globals():
    manager = env.ref("base.user_admin")  # noqa: F821
    for solve in EXERCISES:
        found = solve(env(user=manager))  # noqa: F821
        print(f"{solve.__name__}: {found}")
    env.cr.rollback()  # noqa: F821
