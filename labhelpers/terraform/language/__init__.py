"""HCL: text → syntax → values. Knows no AWS and reads no modules: for names it is given a look-up.

hcl (a file as blocks; syntax says where a fault is) → scope (what names stand for) → expressions,
references, loops, templates, functions, each of which tells registry what it evaluates → values
with their operators and types. Trusts python-hcl2 with the grammar.
"""

# Each of them registers the kinds of expressions that it evaluates.
from labhelpers.terraform.language import expressions, loops, references, templates
from labhelpers.terraform.language.functions import call

__all__ = ["call", "expressions", "loops", "references", "templates"]
