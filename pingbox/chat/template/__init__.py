"""The chat's CloudFormation template, rendered from its declaration: one app, always the same text."""
