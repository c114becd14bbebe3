"""Blue/green, canary and linear deployments: two sets of tasks, and traffic that moves between them."""
