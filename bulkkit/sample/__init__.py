"""The sample: an invented list of 5,000 people, a year of mail to them, and the truth behind it.

`python -m bulkkit.sample data` makes the files again, the same for the same seed.
"""

from bulkkit.sample.mailboxes import Behaviour, Truth, Truths, load_truth, mailbox_truth
from bulkkit.sample.place import AS_OF, PEOPLE, SEED, notebooks, path

__all__ = [
    "AS_OF",
    "PEOPLE",
    "SEED",
    "Behaviour",
    "Truth",
    "Truths",
    "load_truth",
    "mailbox_truth",
    "notebooks",
    "path",
]
