"""What came of an ECS deployment: how it is seen, judged and told, to `pulumi up` and to the operations alike."""
