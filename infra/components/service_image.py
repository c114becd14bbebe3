"""The image of a service: built here, or pinned from a registry."""

from __future__ import annotations

import pulumi

from infra.components.container_image import ContainerImage, ContainerImageArgs
from infra.components.image_reference import ImageReference, ImageReferenceArgs
from infra.components.stack_context import StackContext
from infra.settings.service import Service


def service_image(
    name: str, stack: StackContext, settings: Service, opts: pulumi.ResourceOptions
) -> ContainerImage | ImageReference:
    """The component that knows a service's image by digest, whichever way the settings choose."""
    if settings.image:
        return ImageReference(name, ImageReferenceArgs(image=settings.image), opts)
    existing = settings.build.repository.existing
    args = ContainerImageArgs(
        account=stack.account,
        repository_name=stack.references.text(existing) if existing else stack.names.repository(name),
        build=settings.build,
        architecture=settings.architecture,
        secrets=stack.secrets,
        force_delete=not stack.settings.production,
    )
    return ContainerImage(name, args, opts)
