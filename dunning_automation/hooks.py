def post_init_hook(env):
    """Every company starts with the standard policy, in review."""
    env["res.company"].search([])._dunning_create_policies()
