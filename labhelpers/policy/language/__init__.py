"""What the policy language means: statements, compiled once and held against a call.

model.py has the plain values that go in and come out, call.py and context.py what is asked.
wildcard.py, variables.py and arn.py match texts, operators.py and conditions.py the Condition
element, principals.py the Principal element; statement.py joins them. Nothing here knows how
policies combine.
"""
