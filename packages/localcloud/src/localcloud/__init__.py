"""The local cloud: run the unchanged Pulumi program on one machine, without an AWS account."""
