from . import dunning_call
from . import dunning_webhook
