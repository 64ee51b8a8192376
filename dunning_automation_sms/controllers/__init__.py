from . import dunning_call
from . import dunning_short_link
from . import dunning_webhook
