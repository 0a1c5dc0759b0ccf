"""Numbers in the addresses of pages: ``{example:number}`` in a route takes up to 15 digits.

Starlette's own ``int`` takes more digits than a database holds, and than Python reads.
"""

from collections.abc import Awaitable, Callable

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from errata.audit import Audit


class Number(Convertor[int]):
    """A whole number from 0."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        """Return the number that digits stand for."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return the digits of a number."""
        return str(value)


register_url_convertor("number", Number())


def existing(audit: Audit) -> Callable[[int], Awaitable[int]]:
    """Return a dependency: the number of an example in the address, if there is such an example."""

    async def checked(example: int) -> int:
        if example >= audit.n:
            raise HTTPException(404, f"There is no example {example} in this audit.")
        return example

    return checked
