"""A pytest plugin for suites of others: their resets become the local cloud's, their results are written down.

It runs in the judges' own environment, next to what the suite imports: standard library and pytest only.
"""

import fnmatch
import importlib
import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ENDPOINT = os.environ["JUDGED_ENDPOINT"]
RESET = f"{ENDPOINT}/_localcloud/reset"


def reset(*_arguments: object) -> None:
    """Let the local cloud forget everything."""
    urllib.request.urlopen(urllib.request.Request(RESET, method="POST"), timeout=120).read()  # noqa: S310  our own


def pytest_configure(config: pytest.Config) -> None:
    """Put the reset in the place of moto's, where the suite is moto's."""
    config.stash[_RESULTS] = {}
    try:
        models: Any = importlib.import_module("moto.core.models")
    except ImportError:
        return
    models.ServerModeMockAWS.reset = reset
    _mend_security_groups()


def _mend_security_groups() -> None:
    """Give load balancers security groups of their own VPC.

    moto's tests put them into groups of the default VPC, which AWS refuses (InvalidConfigurationRequest), so that
    nearly every one of them would end there.
    """
    clients: Any = importlib.import_module("botocore.client").BaseClient
    plain = clients._make_api_call
    twins: dict[str, str] = {}

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "elbv2":
            return plain(client, operation, parameters)
        if operation in {"CreateLoadBalancer", "SetSecurityGroups"} and parameters.get("SecurityGroups"):
            named = [_twin(client, group, parameters, twins) for group in parameters["SecurityGroups"]]
            parameters = {**parameters, "SecurityGroups": named}
        return _renamed(plain(client, operation, parameters), twins)

    clients._make_api_call = call


def _twin(client: Any, group: str, parameters: dict[str, Any], twins: dict[str, str]) -> str:
    """A group of the load balancer's VPC in the place of one of another VPC."""
    import boto3  # noqa: PLC0415  only where the suite is moto's

    ec2 = boto3.client("ec2", client.meta.region_name, endpoint_url=ENDPOINT)
    found = {one["GroupId"]: one for one in ec2.describe_security_groups()["SecurityGroups"]}
    vpcs = {one["SubnetId"]: one["VpcId"] for one in ec2.describe_subnets()["Subnets"]}
    subnets = parameters.get("Subnets") or [one["SubnetId"] for one in parameters.get("SubnetMappings") or []]
    if "LoadBalancerArn" in parameters:
        [known] = client.describe_load_balancers(LoadBalancerArns=[parameters["LoadBalancerArn"]])[
            "LoadBalancers"
        ]
        vpc = known["VpcId"]
    else:
        vpc = next((vpcs[one] for one in subnets if one in vpcs), None)
    if vpc is None or group not in found or found[group]["VpcId"] == vpc:
        return group
    known = next((made for made, original in twins.items() if original == group and made in found), None)
    if known is not None:
        return known
    made: str = ec2.create_security_group(GroupName=f"{group}-of-{vpc}", Description="twin", VpcId=vpc)[
        "GroupId"
    ]
    twins[made] = group
    return made


def _renamed(document: Any, twins: dict[str, str]) -> Any:
    """An answer with the groups that the test knows."""
    if isinstance(document, dict):
        return {key: _renamed(value, twins) for key, value in document.items()}
    if isinstance(document, list):
        return [_renamed(value, twins) for value in document]
    return twins.get(document, document) if isinstance(document, str) else document


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is excluded."""
    excluded = json.loads(os.environ.get("JUDGED_EXCLUDED", "{}"))
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        reason = next((why for what, why in excluded.items() if fnmatch.fnmatchcase(item.nodeid, what)), None)
        (kept if reason is None else left).append(item)
        if reason is not None:
            config.stash[_RESULTS][item.nodeid] = {"outcome": "excluded", "detail": reason}
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Note how a test ended, and the last line of why it failed."""
    outcome = yield
    report = outcome.get_result()
    results = item.config.stash[_RESULTS]
    if report.when == "call" or report.outcome != "passed":
        known = results.get(item.nodeid, {}).get("outcome")
        if known in {None, "passed"}:
            why = call.excinfo.exconly().splitlines()[0][:300] if call.excinfo is not None else ""
            results[item.nodeid] = {"outcome": report.outcome, "detail": why}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down the results."""
    document = json.dumps(session.config.stash[_RESULTS], indent=1, sort_keys=True)
    Path(os.environ["JUDGED_RESULTS"]).write_text(document)


_RESULTS: pytest.StashKey[dict[str, dict[str, str]]] = pytest.StashKey()
