"""Hypothesis on a machine that does other things as well: a slow example is no defect of what is tested."""

from hypothesis import HealthCheck, settings

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
