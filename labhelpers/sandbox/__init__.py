"""The enforcing AWS endpoint on loopback: moto keeps the state, this room decides who may do what.

One request's way through it, a module a step:
authenticate → interpret → authorize → answer → record (gateway.py walks it).
"""
