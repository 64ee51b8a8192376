"""The first training and the first predictions, for which nobody waits a night."""


def predict(env):
    """Once: train and predict every company, as the nightly jobs of the addon do.

    :param env: Odoo environment of the superuser
    """
    if "dunning.risk.model" not in env or env["dunning.risk.model"].search_count([]):
        return
    env["dunning.risk.model"]._cron_train()
    env["dunning.prediction"]._cron_predict()
