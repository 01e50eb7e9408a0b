"""What `benchmarks/config.py` is made of."""
