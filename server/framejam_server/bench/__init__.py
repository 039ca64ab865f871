"""``framejam bench``: measures a real server on the machine it runs on, beside a naive one."""
