"""Numbers in words."""


def in_seconds(value: float) -> str:
    """Return a time to three digits or so.

    Examples
    --------
    >>> in_seconds(0.00123), in_seconds(0.1551), in_seconds(1.234), in_seconds(23.45)
    ('1.2 ms', '155 ms', '1.23 s', '23.4 s')
    """
    if value < 1:
        return f"{1000 * value:.{1 if value < 0.01 else 0}f} ms"
    return f"{value:.{2 if value < 10 else 1}f} s"


def in_bytes(size: float) -> str:
    """Return a number of bytes in MB, or in GB where there are many."""
    return f"{size / 1e9:.1f} GB" if size >= 1e10 else f"{size / 1e6:,.0f} MB"
