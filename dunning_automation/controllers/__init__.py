from . import dunning_health
