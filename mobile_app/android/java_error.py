"""Messages of Java exceptions."""

from jnius import JavaException


def java_message(error: JavaException) -> str:
    """Return the message of a Java exception, or the name of its class."""
    return str(error.innermessage or error.classname or error)
