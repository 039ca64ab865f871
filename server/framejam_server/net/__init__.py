"""The edge: sockets, HTTP, tokens. Bytes come in here and leave from here."""
