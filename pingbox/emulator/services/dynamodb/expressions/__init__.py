"""DynamoDB's expressions: read once, kept by their text, applied to items in the JSON of the wire."""
