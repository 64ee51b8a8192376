from . import (
    test_drift,
    test_explanation,
    test_features,
    test_forecast,
    test_levels,
    test_metrics,
    test_payment_days,
    test_prediction,
    test_predictions,
    test_risk_model,
    test_verdict,
)
