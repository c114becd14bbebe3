"""Outputs of other stacks on this local cloud, as `pulumi.StackReference` asks for them."""

import shlex
from collections.abc import Callable
from pathlib import Path

from localcloud.engine.resources import STACK_TYPE
from localcloud.engine.secrets import StateCipher
from localcloud.engine.state import State
from localcloud.engine.values import Properties, contains_secret
from localcloud.errors import LocalCloudError

StateFiles = Callable[[str, str], Path]
"""Project and stack → the file of that stack's state."""


class OtherStacks:
    """What other stacks have put out.

    Args:
        project: Project of the stack that asks, for references without one.
        state_files: Where other stacks' states are; None where the caller keeps one stack only.
        cipher: Decrypts the secrets in them.
        world: Identity of the running local cloud; a state of another one counts as none.
    """

    def __init__(self, project: str, state_files: StateFiles | None, cipher: StateCipher, world: str) -> None:
        self._project = project
        self._state_files = state_files
        self._cipher = cipher
        self._world = world

    def read(self, name: str) -> Properties:
        """What `pulumi:pulumi:StackReference` has as its state: name, outputs, names of the secret ones.

        Args:
            name: `organization/project/stack`, `project/stack` or `stack`; one machine has no organizations, so that
                the first part may be anything.

        Raises:
            LocalCloudError: The stack is not deployed on this local cloud.
        """
        *_, project, stack = [self._project, *name.split("/")]
        outputs = self._outputs(project, stack)
        if outputs is None:
            raise LocalCloudError(
                f"the stack {name!r} that this one refers to is not deployed on this local cloud",
                fix=f"deploy it first, in the folder of project {project}: "
                f"python -m automation up {shlex.quote(stack)} --local",
            )
        hidden = [key for key, value in outputs.items() if contains_secret(value)]
        return {"name": name, "outputs": outputs, "secretOutputNames": hidden}

    def _outputs(self, project: str, stack: str) -> Properties | None:
        if self._state_files is None:
            return None
        state = State(self._state_files(project, stack), self._cipher, self._world, in_memory=True)
        state.load()
        found = (item.outputs for item in state.resources.values() if item.type == STACK_TYPE)
        return next(found, None)
