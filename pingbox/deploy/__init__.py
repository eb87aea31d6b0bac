"""Puts PingBox on AWS with CloudFormation: template, plan, execute, package."""
