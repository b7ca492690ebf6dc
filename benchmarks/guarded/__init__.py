"""What `guard.py` compares: pairs of the product's work and a yardstick that no change of ours can move."""
