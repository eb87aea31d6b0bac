"""The CloudFormation template: inert models of the app, and the one way they become text."""
