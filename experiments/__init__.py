"""What-ifs: many runs in, a decision out."""
