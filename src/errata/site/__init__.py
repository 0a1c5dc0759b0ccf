"""The site: what an audit found, as pages that work from a file, from any host and offline.

`errata.browsing` gathers an audit into a `SiteContext`; a `Site` turns contexts into files. The
pages themselves, HTML, CSS and scripts, are in ``templates`` and ``static``.
"""
