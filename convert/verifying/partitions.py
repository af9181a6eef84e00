"""How much of a graph XNNPACK takes, and how often execution leaves it and comes back."""

from dataclasses import dataclass

from triage.interpreter import open_interpreter


@dataclass(frozen=True)
class Partitions:
    """How a runtime divides a graph between XNNPACK and its built-in kernels.

    Attributes:
        count: number of parts that XNNPACK runs; 1 is the whole graph, or all but its ends.
        outside: names of the operators that it does not take, in the graph's order.
        runtime: name and version.
    """

    count: int
    outside: list[str]
    runtime: str


def delegate_partitions(flatbuffer: bytes) -> Partitions:
    """Open a model and read which operators its runtime delegates to XNNPACK.

    Args:
        flatbuffer: the model.

    Raises:
        UnusableInput: the model cannot be opened.
    """
    interpreter = open_interpreter(flatbuffer)
    # Private, but in all three runtimes, and there is no public way.
    nodes = interpreter.raw._get_ops_details()
    delegates = [node for node in nodes if "delegate" in node["op_name"].lower()]
    plain = [node for node in nodes if "delegate" not in node["op_name"].lower()]
    producer = {int(tensor): number for number, node in enumerate(plain) for tensor in node["outputs"]}
    inside: set[int] = set()
    for delegate in delegates:
        # A delegate replaces everything between its inputs and its outputs.
        entries = {int(tensor) for tensor in delegate["inputs"]}
        waiting = [int(tensor) for tensor in delegate["outputs"]]
        while waiting:
            tensor = waiting.pop()
            number = producer.get(tensor)
            if tensor in entries or number is None or number in inside:
                continue
            inside.add(number)
            waiting += [int(source) for source in plain[number]["inputs"] if source >= 0]
    outside = [node["op_name"] for number, node in enumerate(plain) if number not in inside]
    return Partitions(len(delegates), outside, interpreter.runtime)
