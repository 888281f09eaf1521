"""What requests to moto's other services ask for: the ARNs of their resources, the roles that they
hand over, the rights on what they reach beyond their own service."""
