"""Who may do what, from resolved resources; every answer but trust_graph's is a decision of
labhelpers.policy.

identities (roles and users with their policies) → decisions → carriers and relations → access_graph
→ access. trust_graph with attached draws what is written, undecided; places finds its lines. What
is not known of a policy counts as saying nothing.
"""
