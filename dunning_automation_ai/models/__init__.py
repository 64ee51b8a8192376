from . import dunning_risk_features
