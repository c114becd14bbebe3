"""Secrets: encrypted in the state, hidden in everything people see, whole where the program and providers need them."""

import json
import stat

import pytest

from localcloud.engine import Op
from localcloud.errors import LocalCloudError
from packages.localcloud.tests.engine.conftest import Workbench

HIDDEN = "correct-horse-battery"
PROGRAM = f"""
    secret = pulumi.Output.secret("{HIDDEN}")
    a = Thing("a", name="a", value=secret, tags={{"open": "x", "token": secret}}, items=["x", secret])
    b = Thing("b", name="b", value=a.value, opts=Options(additional_secret_outputs=["arn"]))
    pulumi.export("password", a.value)
    pulumi.export("nested", {{"token": a.tags["token"], "open": a.tags["open"]}})
    pulumi.export("arn", b.arn)
"""


def everything_seen(bench: Workbench) -> str:
    return repr(bench.events)


def test_secrets_reach_the_cloud_but_neither_state_nor_events(bench: Workbench) -> None:
    outcome = bench.up(PROGRAM)

    assert outcome.ok, outcome.errors
    content = {item["name"]: item for item in bench.cloud.objects().values()}
    assert content["a"]["value"] == content["b"]["value"] == HIDDEN
    assert content["a"]["tags"] == {"open": "x", "token": HIDDEN}
    assert HIDDEN not in bench.state_file.read_text()
    assert HIDDEN not in everything_seen(bench)
    assert outcome.outputs["password"] == "[secret]"
    assert outcome.outputs["arn"] == "[secret]"
    assert bench.engine().outputs(show_secrets=True)["password"] == HIDDEN
    assert bench.engine().outputs()["password"] == "[secret]"


def test_an_unchanged_secret_is_no_change_and_a_changed_one_shows_only_that(bench: Workbench) -> None:
    bench.up(PROGRAM)
    assert bench.up(PROGRAM).changes == {Op.SAME: 3}

    outcome = bench.up(PROGRAM.replace(HIDDEN, "another-secret-text"))

    assert outcome.changes == {Op.UPDATE: 2, Op.SAME: 1}
    assert {(item.path, item.old, item.new) for item in bench.event("a").changes} == {
        ("items[1]", "[secret]", "[secret]"),
        ("tags.token", "[secret]", "[secret]"),
        ("value", "[secret]", "[secret]"),
    }
    assert HIDDEN not in everything_seen(bench)
    assert "another-secret-text" not in everything_seen(bench)


def test_a_secret_that_a_provider_quotes_in_an_error_is_hidden(bench: Workbench) -> None:
    outcome = bench.up(f'Thing("a", name=pulumi.Output.secret("{HIDDEN}"), fail="create")')

    assert outcome.errors == ("a (fake:index:Thing): the cloud says no to [secret]",)
    assert HIDDEN not in everything_seen(bench)
    # Nor does it stand in the record of the interrupted or failed create.
    assert HIDDEN not in bench.state_file.read_text()


def test_secret_configuration_is_hidden_everywhere(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    bench.stack("""
        encryptionsalt: v1:JSSAKY+5sPk=:v1:D7ETjZCkDVwGRgM9:vY6BQFWAkKjnjzlqYCozIeFKLVwd+A==
        config:
          shop:sec:
            secure: v1:HL10vpwC4s5oomya:gB8G9hvGrFrgwQTS/MJM+CZ45DFpFfNADZ06+UdS
    """)
    outcome = bench.up("""
        config = pulumi.Config()
        Thing("a", name="a", value=config.require_secret("sec"))
        pulumi.log.warn("the value is " + config.get("sec"))
        raise ValueError(config.get("sec"))
    """)

    assert "s3cr" not in everything_seen(bench)
    assert "s3cr" not in bench.state_file.read_text()
    assert outcome.errors[0].endswith("ValueError: [secret]")
    assert [item["value"] for item in bench.cloud.objects().values()] == ["s3cr€t-value"]


def test_the_key_file_is_private_and_another_key_is_refused_clearly(bench: Workbench) -> None:
    bench.up(PROGRAM)
    key = bench.root / ".home" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    original = key.read_bytes()

    key.unlink()
    with pytest.raises(LocalCloudError, match="encrypted with another key"):
        bench.up(PROGRAM)
    key.write_text("not a key")
    with pytest.raises(LocalCloudError, match="key"):
        bench.up(PROGRAM)

    key.write_bytes(original)
    assert bench.up(PROGRAM).changes == {Op.SAME: 3}


def test_an_unchanged_record_is_not_encrypted_again(bench: Workbench) -> None:
    bench.up(PROGRAM)
    before = {item["urn"]: item for item in json.loads(bench.state_file.read_text())["resources"]}

    bench.up(PROGRAM + '\n    Thing("c", name="c")\n')

    after = {item["urn"]: item for item in json.loads(bench.state_file.read_text())["resources"]}
    (urn,) = [urn for urn in before if urn.endswith("Thing::a")]
    assert before[urn]["inputs"]["value"].keys() == after[urn]["inputs"]["value"].keys()
