"""Step 1: who calls? The gateway asks keys.py (claims.py reads a signature, sigv4.py verifies it,
addresses.py knows from where; for S3 also sigv2.py, chunks.py and digests.py);
the verifiers of ID tokens, SAML responses and MFA codes are called by interpret/, which knows the
parameters that hold them; credential_limits.py has what each kind of credentials may never do.
Nothing that a request says about itself counts before it is verified."""
