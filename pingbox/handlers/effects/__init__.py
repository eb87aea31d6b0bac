"""Carries out what the core decided, effect by effect."""
