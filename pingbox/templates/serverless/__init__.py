"""serverless.yml (Serverless Framework), compiled to the CloudFormation template the framework would deploy."""
