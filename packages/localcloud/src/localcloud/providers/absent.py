"""What a provider answers about an object that its engine has a record of and the cloud has not."""

from pulumi.provider.experimental import provider as protocol


def absent() -> protocol.DiffResponse:
    """The difference of an object that is gone: what depends on it goes first, then it is made anew.

    Its id is what differs, which no change of inputs ever makes differ: by that the built-in engine knows it.
    """
    difference = protocol.PropertyDiff(protocol.PropertyDiffKind.DELETE_REPLACE, input_diff=False)
    return protocol.DiffResponse(
        changes=True,
        diffs=["id"],
        replaces=["id"],
        delete_before_replace=True,
        detailed_diff={"id": difference},
    )
