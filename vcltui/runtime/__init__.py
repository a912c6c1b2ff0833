"""What runs operations for the faces: journal, recovery, sessions, targets."""
