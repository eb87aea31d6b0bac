"""Calls to AWS, and what they answer."""
