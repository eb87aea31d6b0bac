"""CloudFormation templates, and what SAM and serverless.yml become, read into a `model.app.App`."""
