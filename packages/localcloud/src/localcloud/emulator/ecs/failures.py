"""Why a task did not start, in the words ECS uses for `stoppedReason`."""


class StartFailure(Exception):  # noqa: N818  an outcome ECS reports, not a defect
    """The task cannot start; the text is its `stoppedReason`."""


class ImagePullFailure(Exception):  # noqa: N818  an outcome ECS reports, not a defect
    """An image could not be had; the text follows `CannotPullContainerError:` in `stoppedReason`."""
