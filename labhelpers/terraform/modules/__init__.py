"""Directories of .tf files: what is declared becomes values.

load → declarations (with json_files, overrides) → module, which evaluates on demand: inputs, calls
of other modules, bodies → resources → configuration, the records of it all. terraform_json takes
the short way from a plan or state. Modules that are not on this machine are left out.
"""
