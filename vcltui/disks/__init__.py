"""Virtual disks, datastore and repository."""
