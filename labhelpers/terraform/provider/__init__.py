"""What the AWS provider would make of arguments: ARNs, ids, defaults, policies, data sources.

target (account and Region) → attributes (arns, policies) for resources, data_sources (documents,
statements, merging, managed, service_accounts) for what is read. No AWS is asked.
"""
