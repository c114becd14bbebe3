"""The part of CloudWatch that measures and judges: metrics of tasks and load balancers, alarms that act."""
