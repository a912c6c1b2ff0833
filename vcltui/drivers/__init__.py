"""Hypervisor driver plugins."""
