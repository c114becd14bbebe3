"""The part of Amazon ECS that runs things: tasks as containers, and the service scheduler."""
