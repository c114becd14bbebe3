"""The environment makes a valid configuration, or one message names everything that is wrong."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config import Config, ConfigurationError


def test_an_empty_environment_gives_the_defaults() -> None:
    config = Config.from_environment({})

    assert config == Config()
    assert (config.port, config.greeting, config.log_level) == (5000, "Hello from ECS!", logging.INFO)


def test_the_defaults_leave_ecs_no_reason_to_kill() -> None:
    ecs_stop_timeout = 30

    assert Config().drain_seconds < Config().shutdown_seconds < ecs_stop_timeout


def test_every_setting_has_a_variable() -> None:
    environment = {
        "PORT": "8080",
        "THREADS": "4",
        "KEEP_ALIVE_SECONDS": "120",
        "LOG_LEVEL": "debug",
        "SHUTDOWN_DRAIN_SECONDS": "2.5",
        "SHUTDOWN_TIMEOUT_SECONDS": "10",
        "GREETING": "Hei",
        "APP_VERSION": "abc",
    }

    assert Config.from_environment(environment) == Config(
        port=8080,
        threads=4,
        keep_alive_seconds=120,
        log_level=logging.DEBUG,
        drain_seconds=2.5,
        shutdown_seconds=10,
        greeting="Hei",
        version="abc",
    )


def test_all_mistakes_are_told_at_once_with_variable_value_and_what_is_allowed() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Config.from_environment({"PORT": "http", "LOG_LEVEL": "loud", "SHUTDOWN_DRAIN_SECONDS": "-1"})

    assert str(raised.value) == (
        "invalid environment: "
        "PORT='http' must be a whole number from 1 to 65535; "
        "LOG_LEVEL='loud' must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL; "
        "SHUTDOWN_DRAIN_SECONDS='-1' must be a number from 0 to 110"
    )


def test_the_drain_must_leave_time_for_requests_in_flight() -> None:
    with pytest.raises(ConfigurationError, match="SHUTDOWN_DRAIN_SECONDS=20 must be at least 1 below"):
        Config.from_environment({"SHUTDOWN_DRAIN_SECONDS": "20", "SHUTDOWN_TIMEOUT_SECONDS": "20.5"})


@pytest.mark.parametrize("value", ["nan", "inf", "0", "65536", "5000.5", "5e3"])
def test_a_port_is_a_port(value: str) -> None:
    with pytest.raises(ConfigurationError, match="PORT="):
        Config.from_environment({"PORT": value})


@given(
    st.dictionaries(
        st.sampled_from(
            ["PORT", "THREADS", "LOG_LEVEL", "SHUTDOWN_DRAIN_SECONDS", "SHUTDOWN_TIMEOUT_SECONDS"]
        ),
        st.text() | st.integers().map(str) | st.floats().map(str),
    )
)
def test_any_environment_is_either_valid_or_refused_by_name(environment: dict[str, str]) -> None:
    config, refusal = None, ""
    try:
        config = Config.from_environment(environment)
    except ConfigurationError as error:
        refusal = str(error)

    if config is None:
        assert any(name in refusal for name in environment)
    else:
        assert 1 <= config.port <= 65535
        assert 0 <= config.drain_seconds <= config.shutdown_seconds - 1
