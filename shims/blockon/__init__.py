"""What runs in a Worker's interpreter below its own code: clients over fetch, and the way in for requests."""
