"""The web page on which people check labels (`errata.review.app.serve`)."""
