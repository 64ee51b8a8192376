from . import test_features, test_metrics, test_predictions
