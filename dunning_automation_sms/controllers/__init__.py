from . import dunning_webhook
