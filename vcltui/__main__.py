"""`python -m vcltui` is the command `vcltui`."""

from vcltui.cli.main import main

if __name__ == "__main__":
    main()
