"""`python -m bulkkit.sample FOLDER`: write the sample's files, by default into data."""

from __future__ import annotations

import sys

from bulkkit.sample.writing import generate, write


def main(arguments: list[str]) -> None:
    """Write the sample into the folder named first, or into data."""
    sample = generate()
    write(sample, arguments[0] if arguments else "data")
    print(
        f"{len(sample.contacts):,} rows of contacts, {len(sample.campaigns)} campaigns, {len(sample.events):,} events"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
