"""The message: what is written, what is filled in, and the bytes that leave."""
