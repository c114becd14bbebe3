"""AWS CodeDeploy for ECS services: its deployments run as the traffic shifts of `localcloud.emulator.shifting`."""
