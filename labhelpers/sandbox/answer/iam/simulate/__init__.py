"""IAM's policy simulator: requests that nobody makes, decided by the same engine as all others.

sources.py finds the policies, context.py reads ContextEntries and lists condition keys, answers.py
asks the engine, statements.py says which statement of which text has matched. Source: IAM API
Reference, SimulatePrincipalPolicy and SimulateCustomPolicy with their examples; IAM User Guide,
"Testing IAM policies"; what the simulator calls a policy and where a statement begins: outputs in
public repositories, of 2020 to 2026.
"""
