"""Step 1: who calls? Keys and their signatures (keys.py, sigv4.py), ID tokens, SAML responses, MFA
codes; credential_limits.py has what each kind of credentials may never do. Nothing that a request
says about itself counts before it is verified."""
