"""Step 1: who calls? The gateway asks keys.py (with claims.py, sigv4.py); the verifiers of ID tokens, SAML
responses and MFA codes are called by interpret/, which knows the parameters that hold them;
credential_limits.py has what each kind of credentials may never do. Nothing that a request
says about itself counts before it is verified."""
