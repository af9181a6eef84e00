"""What Java says when something fails."""

from jnius import JavaException


def words_of(error: JavaException) -> str:
    """The message of what Java threw, or the name of its class."""
    return str(error.innermessage or error.classname or error)
