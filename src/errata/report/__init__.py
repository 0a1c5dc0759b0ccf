"""One page to look at: tables, charts and examples of an audit, in a file that works offline."""
