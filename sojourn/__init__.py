"""Sojourn: customer-journey simulation, what-ifs in money with honest uncertainty."""
