"""What holds for every test: of the program, of its operations, and of the local cloud."""

import os

from hypothesis import HealthCheck, settings

from localcloud.hints import VARIABLE

# Whoever starts the tests, `make test` among them, does not change what messages tell the user to type.
os.environ.pop(VARIABLE, None)

# A machine that does other things as well: a slow example is no defect of what is tested.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
