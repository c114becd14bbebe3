"""The built-in engine: runs the unchanged Pulumi program against local providers, without the pulumi CLI."""

from localcloud.engine.engine import Engine
from localcloud.engine.events import (
    Diagnostic,
    Event,
    EventHandler,
    Op,
    Operation,
    Outcome,
    PropertyChange,
    ResourceEvent,
    RunFinished,
    RunStarted,
    Severity,
    Status,
)
from localcloud.engine.hosting import ProviderFactory
from localcloud.engine.importing import Import
from localcloud.engine.project import ConfigValue, Project
from localcloud.engine.resources import Resource

__all__ = [
    "ConfigValue",
    "Diagnostic",
    "Engine",
    "Event",
    "EventHandler",
    "Import",
    "Op",
    "Operation",
    "Outcome",
    "Project",
    "PropertyChange",
    "ProviderFactory",
    "Resource",
    "ResourceEvent",
    "RunFinished",
    "RunStarted",
    "Severity",
    "Status",
]
