"""The web page on which people check labels (`errata.review.app.serve`)."""

PORT = 8765
"""Where the server listens unless it is told otherwise, and"""
HERE = f"http://127.0.0.1:{PORT}"
"""where people on this machine reach it then."""
