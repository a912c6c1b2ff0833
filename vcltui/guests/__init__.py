"""The operating system inside a computer: Linux or Windows over SSH, or a simulation of one."""
