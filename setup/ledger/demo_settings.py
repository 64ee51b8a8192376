"""What turns the loaded ledger into a demo: logins, mail server, automatic policies."""

USERS = (
    ("collector", "Carla Collector", "dunning_automation.group_user"),
    ("manager", "Martin Manager", "dunning_automation.group_manager"),
)


def configure(env, smtp_port):
    """Make logins (password = login), send mail to the sink, let policies run.

    The demo is a copy of a template, and copies send nothing until they are activated.

    Idempotent: called at every start, because the sink's port may have changed.

    :param env: Odoo environment of the superuser
    :param int smtp_port: port of the SMTP sink on 127.0.0.1
    """
    _point_mail_at(env, smtp_port)
    env["dunning.guard"]._activate()
    if env["res.users"].search_count([("login", "=", USERS[0][0])]):
        return
    users = _create_users(env)
    env["res.company"].search([])._dunning_create_policies()
    for policy in env["dunning.policy"].search([]):
        # The customers heard from us before there was a policy: begin firmly.
        firm = policy.level_ids.filtered(lambda level: level.tone == "firm")
        policy.write(
            {
                "mode": "automatic",
                "user_id": users[0].id,
                "start_rule": "level",
                "start_level_id": firm.id,
            }
        )


def _point_mail_at(env, smtp_port):
    values = {
        "name": "Demo sink",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_encryption": "none",
    }
    server = env["ir.mail_server"].search([("name", "=", values["name"])], limit=1)
    if server:
        server.write(values)
    else:
        env["ir.mail_server"].create(values)


def _create_users(env):
    companies = env["res.company"].search([])
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "login": login,
                    "password": login,
                    "name": name,
                    "email": f"{login}@example.com",
                    "group_ids": [(6, 0, env.ref(group).ids)],
                    "company_id": companies[0].id,
                    "company_ids": [(6, 0, companies.ids)],
                }
                for login, name, group in USERS
            ]
        )
    )
