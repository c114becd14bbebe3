"""Lifecycle policies of ECR repositories ("Examples of lifecycle policies in Amazon ECR")."""

from typing import Any

from infra.settings.container import Repository


def policy(settings: Repository) -> dict[str, Any]:
    """Keep the last images for a rollback, and let go of those that no tag names any more."""
    return {
        "rules": [
            _rule(
                1,
                f"Untagged images go after {settings.untagged_days} days",
                tagStatus="untagged",
                countType="sinceImagePushed",
                countUnit="days",
                countNumber=settings.untagged_days,
            ),
            _rule(
                2,
                f"The last {settings.keep_images} images stay",
                tagStatus="any",
                countType="imageCountMoreThan",
                countNumber=settings.keep_images,
            ),
        ]
    }


def _rule(priority: int, description: str, **selection: Any) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
