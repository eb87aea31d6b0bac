"""Packages and interpreters that an app's functions need."""
