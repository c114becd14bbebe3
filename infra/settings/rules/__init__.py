"""Rules across fields.

Each looks at settings that are well-formed on their own and yields what does not fit together.
"""

from collections.abc import Iterator

from infra.settings.problems import Problem
from infra.settings.root import Settings
from infra.settings.rules import connections, deployment, duplicates, existing, guard, network, service, stack


def problems_of(settings: Settings, config_secrets: frozenset[str]) -> Iterator[Problem]:
    """Every broken rule.

    Args:
        settings: The settings.
        config_secrets: Names of the encrypted values in the stack's configuration.
    """
    yield from duplicates.problems(settings)
    yield from network.problems(settings)
    yield from stack.problems(settings, config_secrets)
    yield from existing.problems(settings)
    for name, one in settings.services.items():
        yield from service.problems(name, one)
        yield from connections.problems(name, one, settings)
        yield from deployment.problems(name, one, settings)
        yield from guard.problems(name, one, settings)
