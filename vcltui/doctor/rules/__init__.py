"""The rules: one small function for each row of the table of symptoms, grouped by theme."""
