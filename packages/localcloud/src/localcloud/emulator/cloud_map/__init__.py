"""AWS Cloud Map: namespaces, the services in them, and the instances that answer for a service."""
