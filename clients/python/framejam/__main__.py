"""``python -m framejam`` is the command ``framejam``."""

from framejam.cli import main

main()
