"""The journal of every operation that changes something."""
