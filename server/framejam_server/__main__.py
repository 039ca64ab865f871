"""``python -m framejam_server`` is the ``framejam`` command."""

from framejam.cli import main

if __name__ == "__main__":
    main()
