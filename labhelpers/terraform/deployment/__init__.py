"""A configuration made real with boto3: deploy (the order), lookups (data sources), makers (calls).

Trusts the session that it is given; knows only the types of resources that makers lists.
"""
