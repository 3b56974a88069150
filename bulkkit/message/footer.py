"""What ends each message: who wrote, from where, and the way out."""

from __future__ import annotations

import re
from typing import Final

from bulkkit.message.sender import Sender

_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)


def html(sender: Sender) -> str:
    """Return the footer of an HTML part, as a template."""
    return (
        '<div style="max-width:600px;margin:32px auto 0;padding-top:12px;border-top:1px solid #cbd2d9;'
        'font:13px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;color:#52606d">'
        f"<p>{_name(sender)}{{{{ postal_address }}}}<br>"
        f'<a href="{{{{ unsubscribe_url }}}}" style="color:#52606d">Unsubscribe</a></p></div>'
    )


def text(sender: Sender) -> str:
    """Return the footer of a text part, as a template."""
    return f"\n\n{_name(sender)}{{{{ postal_address }}}}\nUnsubscribe: {{{{ unsubscribe_url }}}}\n"


def before_end(document: str, addition: str) -> str:
    """Return an HTML document with something put in at the end of its body."""
    ends = list(_END.finditer(document))
    place = ends[-1].start() if ends else len(document)
    return document[:place] + addition + document[place:]


def _name(sender: Sender) -> str:
    return "{{ sender_name }}, " if sender.display_name else ""
