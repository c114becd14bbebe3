"""The part of Elastic Load Balancing that moves requests: targets, health checks, rules and the proxy."""
