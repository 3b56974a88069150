"""Bulk e-mail done right from a Jupyter notebook.

Before a send, know whether the list is healthy; send one honest announcement at
the pace that each network tolerates, so that a crash loses nobody and mails
nobody twice; afterwards, a report whose numbers can be defended.

The public names stand in `__init__.pyi`; each loads its room when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
