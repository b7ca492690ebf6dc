"""What a model is that nobody described: its contract, found by looking and running, or why it is refused."""
