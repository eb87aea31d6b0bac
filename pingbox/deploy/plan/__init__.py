"""What is deployed, what is to be deployed, and the steps between them."""
