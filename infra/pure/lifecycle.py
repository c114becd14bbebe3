"""Lifecycle policies of ECR repositories ("Examples of lifecycle policies in Amazon ECR")."""

from typing import Any

from infra.settings.container import Repository


def policy(settings: Repository) -> dict[str, Any]:
    """Let go of images that no tag names any more; what has a tag is nobody's to expire but its deployer's.

    A rule that counts images deletes one that runs once enough others were pushed after it, whether they ever ran or
    not; the images of an index's platforms count as well (docs/adr/0054-who-deletes-images.md).
    """
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Untagged images go after {settings.untagged_days} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": settings.untagged_days,
                },
                "action": {"type": "expire"},
            }
        ]
    }
