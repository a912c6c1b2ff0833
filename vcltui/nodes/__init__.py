"""Commands and files on a VM host, this machine or another over SSH; only here start processes."""
