"""Frozen facts in the field's words."""
