"""The verb that writes an import file for a service that runs already."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from automation.adoption import Adoption, Foretold, Planned, Wanted
from automation.cli.options import (
    Engine,
    OnLocalCloud,
    ProjectFolder,
    StackName,
    console,
    exit_unless,
    opened,
    reporter,
)
from automation.engines.import_file import import_file
from automation.stacks import Stack
from localcloud.engine import Op
from localcloud.errors import LocalCloudError

app = typer.Typer()


@app.command()
def adopt(
    stack: StackName,
    cluster: Annotated[str, typer.Option("--cluster", help="Name of the ECS cluster that exists.")],
    service: Annotated[
        list[str], typer.Option("--service", help="NAME=ECS_SERVICE: its name in the stack file, and in ECS.")
    ],
    load_balancer: Annotated[
        str,
        typer.Option("--load-balancer", help="Name or ARN, where the services are behind several."),
    ] = "",
    repository: Annotated[
        list[str] | None,
        typer.Option("--repository", help="NAME=REPOSITORY, where the running image does not say it."),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", help="TYPE::NAME=ID, for a resource that could be several objects."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("adopt.json"),
    take: Annotated[
        bool, typer.Option("--import", help="Take what is found into the stack's state at once.")
    ] = False,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
) -> None:
    """Write an import file for a running ECS service and what belongs to it; nothing is changed.

    It runs a preview to know what the program would create, and looks up what of it exists.
    """
    wanted = Wanted(
        cluster=cluster,
        services=_pairs("--service", service),
        repositories=_pairs("--repository", repository or ()),
        ids=_pairs("--id", ids or ()),
        load_balancer=load_balancer,
    )
    report = reporter(False)
    found_stack = opened(stack, local=local, project=project, engine=engine, report=report)
    found = found_stack.adopt(wanted)
    output.write_text(json.dumps(import_file(found.imports), indent=2) + "\n", encoding="utf-8")
    told = _foretold(found_stack, found)
    for item, id_ in found.found.items():
        console.print(f" =  {item.name}  {item.type}  {id_}", markup=False)
        if item in told:
            mark = "replaced after the import" if told[item].op is Op.REPLACE else "updated after the import"
            console.print(
                "\n".join([f"      {mark}:", *(f"        {line}" for line in told[item].lines)]), markup=False
            )
    for item in found.missing:
        console.print(f" +  {item.name}  {item.type}  not found: will be created", markup=False)
    for line in found.outside:
        console.print(f" .  stays outside: {line}", markup=False)
    console.print(f"{output}: {len(found.found)} to import, {len(found.missing)} to create")
    if told:
        replaced = sum(one.op is Op.REPLACE for one in told.values())
        recorded = sum(one.recorded_only for one in told.values())
        changed = len(told) - replaced - recorded
        console.print(
            f"  up after the import: {replaced} replaced, {changed} changed in AWS, "
            f"{recorded} updated in the state only",
            markup=False,
        )
    preview = found_stack.target.verb("preview")
    if take:
        outcome = found_stack.import_existing(found)
        report.result("adopt", outcome.ok, changes=outcome.changes, errors=outcome.errors)
        exit_unless(outcome.ok)
    elif found_stack.target.local is None:
        file = f"--stack {stack} --file {output} --protect=false --generate-code=false"
        console.print(f"  next: pulumi import {file}; or this again with --import", markup=False)
    else:
        console.print("  next: this again with --import", markup=False)
    console.print(f"  then: {preview}  (says what differs; nothing is changed before up)", markup=False)


def _foretold(stack: Stack, adoption: Adoption) -> dict[Planned, Foretold]:
    if not adoption.found:
        return {}
    try:
        return stack.rehearse(adoption)
    except LocalCloudError as error:
        console.print(f"what up would change is not foretold: {error.message}", markup=False)
        console.print("  the preview after the import says it", markup=False)
        return {}


def _pairs(option: str, values: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, found, other = value.partition("=")
        if not (name and found and other):
            raise LocalCloudError(
                f"{option} is {value!r}: allowed: NAME=VALUE", fix=f"for example {option} web=my-service"
            )
        pairs[name] = other
    return pairs
