"""Generated examples take the time they need: a busy machine is no failure."""

from hypothesis import HealthCheck, settings


def pytest_configure(config) -> None:
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=list(HealthCheck)
    )
    settings.load_profile("patient")
