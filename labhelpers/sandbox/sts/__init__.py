"""Step 4 for STS: sessions issued and results made; interpret/sts/ has read the requests."""
