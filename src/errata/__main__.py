"""``python -m errata`` does what the program ``errata`` does."""

from errata.cli import main

if __name__ == "__main__":
    main()
