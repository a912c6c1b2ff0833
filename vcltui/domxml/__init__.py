"""Domain XML built and parsed; no policy, no libvirt. The one package that imports lxml."""
