"""CloudWatch alarms that evaluate and act."""
