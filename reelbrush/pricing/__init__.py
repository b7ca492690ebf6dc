"""What painting takes: measured rates, prices of nodes, plans and quotes."""
