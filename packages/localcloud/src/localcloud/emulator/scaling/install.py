"""Make Application Auto Scaling one of MiniStack's services."""

from localcloud.emulator import upstream
from localcloud.emulator.resetting import on_reset
from localcloud.emulator.scaling.api import SERVICE, TARGET_PREFIX, handler
from localcloud.emulator.scaling.model import Store
from localcloud.emulator.scaling.scaler import Scaler


def install() -> Scaler:
    """Route the service's requests here; returns what alarms set off."""
    store = Store()
    scaler = Scaler(store)
    on_reset(store.clear)
    upstream.app.SERVICE_HANDLERS[SERVICE] = handler(store, scaler)
    upstream.module("core.router").SERVICE_PATTERNS[SERVICE] = {
        "target_prefixes": [TARGET_PREFIX],
        "host_patterns": [r"application-autoscaling\."],
        "credential_scope": SERVICE,
    }
    return scaler
