"""``framejam demo``: three participants edit one clip over real sockets, and what each edit did."""
