"""`python -m bulkkit` is the command `bulkkit`."""

from bulkkit.cli import main

if __name__ == "__main__":
    main(prog_name="bulkkit")
