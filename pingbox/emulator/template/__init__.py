"""Reads what an app declares (SAM, CloudFormation, serverless.yml, a small table) into inert values."""
