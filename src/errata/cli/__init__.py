"""The command line: one file a command group; a command parses, calls one verb and prints."""

from errata.cli.app import main as main
