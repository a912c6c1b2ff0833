"""vcltui: a console and provisioning core for virtual computers run by libvirt."""

__version__ = "0.1.0"
