"""Maps a pure function over chunks of rows and merges in chunk order."""
