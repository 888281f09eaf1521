"""Helpers of the STS lab."""
