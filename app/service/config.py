"""Settings of the service, read once from environment variables."""

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class ConfigurationError(Exception):
    """Environment variables do not make a valid configuration; the message names every one of them."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What an operator may change without a new image.

    Attributes:
        port: TCP port to listen on (`PORT`, default 5000).
        threads: Requests handled at the same time (`THREADS`, default 1: the fastest for handlers that only
            compute; raise it when handlers wait for databases or other services).
        keep_alive_seconds: How long an idle connection is kept (`KEEP_ALIVE_SECONDS`, default 75). Keep it
            above the load balancer's idle timeout (60 on an ALB unless set); otherwise the balancer sends
            requests into connections that have just been closed and answers 502.
        log_level: Least level that is logged (`LOG_LEVEL`, default INFO; WARNING turns the access log off).
        drain_seconds: How long to go on serving after SIGTERM (`SHUTDOWN_DRAIN_SECONDS`, default 5).
        shutdown_seconds: SIGTERM to exit at most (`SHUTDOWN_TIMEOUT_SECONDS`, default 25). Keep it below the
            container's `stopTimeout` (30 on ECS unless set), after which ECS sends SIGKILL.
        greeting: Body of `/` (`GREETING`, default `Hello from ECS!`).
        version: Shown by `/healthz` and logged at start (`APP_VERSION`, default `dev`).
    """

    port: int = 5000
    threads: int = 1
    keep_alive_seconds: float = 75.0
    log_level: int = logging.INFO
    drain_seconds: float = 5.0
    shutdown_seconds: float = 25.0
    greeting: str = "Hello from ECS!"
    version: str = "dev"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        """Return the settings that environment variables ask for; an empty variable counts as not set.

        Raises:
            ConfigurationError: One or more values are not allowed; the message lists all of them.
        """
        reader = _Reader(environment)
        config = cls(
            port=int(reader.number("PORT", cls.port, low=1, high=65535, whole=True)),
            threads=int(reader.number("THREADS", cls.threads, low=1, high=64, whole=True)),
            keep_alive_seconds=reader.number("KEEP_ALIVE_SECONDS", cls.keep_alive_seconds, low=1, high=4000),
            log_level=reader.log_level("LOG_LEVEL", cls.log_level),
            drain_seconds=reader.number("SHUTDOWN_DRAIN_SECONDS", cls.drain_seconds, low=0, high=110),
            shutdown_seconds=reader.number("SHUTDOWN_TIMEOUT_SECONDS", cls.shutdown_seconds, low=1, high=115),
            greeting=environment.get("GREETING") or cls.greeting,
            version=environment.get("APP_VERSION") or cls.version,
        )
        if not reader.errors and config.drain_seconds + 1 > config.shutdown_seconds:
            reader.errors.append(
                f"SHUTDOWN_DRAIN_SECONDS={config.drain_seconds:g} must be at least 1 below "
                f"SHUTDOWN_TIMEOUT_SECONDS={config.shutdown_seconds:g}, so that requests in flight can finish"
            )
        if reader.errors:
            raise ConfigurationError("invalid environment: " + "; ".join(reader.errors))
        return config


class _Reader:
    """Reads typed variables and collects what is wrong with them, so that all mistakes are told at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.errors: list[str] = []

    def number(self, name: str, default: float, *, low: int, high: int, whole: bool = False) -> float:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            self.errors.append(f"{name}={text!r} must be {kind} from {low} to {high}")
            return default
        return value

    def log_level(self, name: str, default: int) -> int:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        if text.upper() not in LOG_LEVELS:
            self.errors.append(f"{name}={text!r} must be one of {', '.join(LOG_LEVELS)}")
            return default
        return logging.getLevelNamesMapping()[text.upper()]
