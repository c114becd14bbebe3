"""What exists as an import file of Pulumi."""

from collections.abc import Sequence
from typing import Any

from localcloud.engine import Import


def import_file(imports: Sequence[Import]) -> dict[str, Any]:
    """The file that `pulumi import --file` reads (Pulumi engine, pkg/cmd/pulumi/operations/import.go).

    Components have no id; a parent is named by the `name` of its own entry, and none means the stack.
    """
    # Named by the type as well: resources may share a name, and the name of a parent must not be ambiguous.
    labels = {item.urn: f"{item.urn.rsplit('::', 1)[-1]} {item.type}" for item in imports}
    entries: list[dict[str, Any]] = []
    for item in imports:
        entry: dict[str, Any] = {"type": item.type, "name": labels[item.urn]}
        entry["logicalName"] = item.urn.rsplit("::", 1)[-1]
        entry |= {"id": item.id} if item.id else {"component": True}
        if item.parent in labels:
            entry["parent"] = labels[item.parent]
        entries.append(entry)
    return {"resources": entries}
