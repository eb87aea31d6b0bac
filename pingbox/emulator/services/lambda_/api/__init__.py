"""`lambda:Invoke`, synchronous and asynchronous."""
