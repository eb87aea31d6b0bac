"""The commands of the deploy, and what people see of them."""
