"""The send: pace and retry decide, the wire acts, the ledger remembers."""
