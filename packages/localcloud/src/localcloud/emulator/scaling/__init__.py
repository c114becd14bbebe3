"""Application Auto Scaling for Amazon ECS services, at the wire protocol."""
