"""Who may use a KMS key: KMS's own operations, and the services that keep data under a key."""
