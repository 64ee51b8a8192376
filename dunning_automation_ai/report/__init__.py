from . import dunning_dashboard
