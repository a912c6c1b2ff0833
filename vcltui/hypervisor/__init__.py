"""libvirt: connections, domains, snapshots, networks, statistics and events.

The one package that imports libvirt; what leaves it are models, and errors of vcltui's tree.
"""
