def post_init_hook(env):
    """Every company starts with the standard policy, in review."""
    env["res.company"].search([])._dunning_create_policies()
    env["dunning.guard"]._activate_on_install()


def uninstall_hook(env):
    """The tables go, the functions of their triggers stay behind otherwise."""
    env.cr.execute(
        "DROP FUNCTION IF EXISTS dunning_append_only, dunning_event_update CASCADE"
    )
