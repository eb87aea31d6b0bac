"""Mapping templates, request parameters and responses of integrations. Pure."""
