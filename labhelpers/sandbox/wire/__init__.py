"""The request before anybody believed it (http.py), what goes on to moto (environ.py), limits on
parameters (constraints.py), answers and refusals in each service's shape (families.py, errors.py),
moments (times.py)."""
