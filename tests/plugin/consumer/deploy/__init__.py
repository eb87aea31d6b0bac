OWNER = "the consumer"
