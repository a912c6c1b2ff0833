"""VCL's database, or a SQLite file with the same tables: read and changed through small functions.

Every function takes the Database that `database.open_database` returns and does its work in one
transaction.
"""
