"""Fakes, builders and waits that several rooms of the tests share."""
