"""VCL's database, or a SQLite file with the same tables: read and changed through small functions.

Every function takes the Database that `database.open_database` returns and does its work in one
transaction. The modules are imported late: SQLAlchemy takes longer than most commands do without
an inventory.
"""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
