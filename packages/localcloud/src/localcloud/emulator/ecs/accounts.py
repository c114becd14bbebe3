"""Account settings: those that somebody set, or with `effectiveSettings` what holds of every one of them."""

from typing import Any

from localcloud.emulator import model_rules, upstream
from localcloud.emulator.ecs.answers import Refused, Request

_DISABLED = {"awsvpcTrunking", "containerInsights", "dualStackIPv6", "fargateFIPSMode"}
_WORDS = (
    "serviceLongArnFormat,taskLongArnFormat,containerInstanceLongArnFormat,containerLongArnFormat,awsvpcTrunking,"
    "containerInsights,dualStackIPv6"
)


def check_name(request: Request) -> None:
    """Accept the name of a setting, or none.

    Raises:
        Refused: InvalidParameterException, in the words of getmoto/moto, test_list_account_settings_wrong_name.
    """
    name = request.get("name")
    if name and name not in _names():
        raise Refused("InvalidParameterException", f"{name} should be one of [{_WORDS}]")


def list_settings(request: Request) -> Request:
    """ListAccountSettings.

    API Reference: "If true, the effective settings are returned. If false, the account settings for the principalArn
    are returned if they're set".
    """
    stored = upstream.ecs._account_settings
    owner = f"arn:aws:iam::{upstream.responses.get_account_id()}:root"
    settings: list[dict[str, Any]] = []
    for name in _names():
        if name not in stored and not request.get("effectiveSettings"):
            continue
        value = stored.get(name) or ("disabled" if name in _DISABLED else "enabled")
        if request.get("name") in {None, name} and request.get("value") in {None, value}:
            settings.append({"name": name, "value": value, "principalArn": owner, "type": "user"})
    return {"settings": settings}


def _names() -> list[str]:
    return [str(name) for name in model_rules.service_model("ecs").shape_for("SettingName").metadata["enum"]]
