"""Training on several GPUs or machines, through `tf.distribute`."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from triage.errors import CheckFailed, UnusableInput

STRATEGIES = ("none", "mirrored", "multiworker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Return a strategy; call it before any other use of TensorFlow.

    Args:
        name: `none`; `mirrored`, all GPUs of this machine; `multiworker`, the machines that the environment variable
            TF_CONFIG lists; each runs the same command with its own `task`.

    Raises:
        UnusableInput: an unknown name, or TF_CONFIG is missing or does not describe a cluster.
    """
    if name == "none":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name != "multiworker":
        raise UnusableInput(f"A strategy is one of {', '.join(STRATEGIES)}. Received: {name!r}.")
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        workers, index = config["cluster"]["worker"], config["task"]["index"]
        usable = config["task"]["type"] == "worker" and 0 <= index < len(workers)
    except (ValueError, KeyError, TypeError):
        usable = False
    if not usable:
        raise UnusableInput(
            "multiworker needs TF_CONFIG, the same on each machine except for the index: "
            '{"cluster": {"worker": ["host0:port", "host1:port"]}, "task": {"type": "worker", "index": 0}}. '
            f"Received: {text or 'nothing'}."
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Return whether this process writes files: the only one, or the first worker."""
    return not strategy.cluster_resolver or not strategy.cluster_resolver.task_id


def shard_of(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """Return the number of this process, from 0, and how many there are."""
    resolver = strategy.cluster_resolver
    return (int(resolver.task_id), resolver.cluster_spec().num_tasks("worker")) if resolver else (0, 1)


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Return when every process has come here."""
    agreed(strategy, {"": 0.0})


def split_batch(strategy: tf.distribute.Strategy, batch: Mapping[str, Any]) -> Any:
    """Split a batch, which every process holds whole, into equal parts for the replicas; unchanged for one replica.

    Raises:
        UnusableInput: the batch cannot be split evenly.
    """
    replicas, count = strategy.num_replicas_in_sync, len(batch["image_ids"])
    if replicas == 1:
        return batch
    if count % replicas:
        raise UnusableInput(
            f"A batch of {count} photos cannot be split evenly between {replicas} replicas. "
            "Choose a batch_size that is a multiple of the number of replicas."
        )

    def of_replica(context: Any) -> dict[str, Any]:
        part = slice(*(count * (context.replica_id_in_sync_group + n) // replicas for n in (0, 1)))
        return {name: values[part] for name, values in batch.items()}

    return strategy.experimental_distribute_values_from_function(of_replica)


@contextmanager
def others_alive() -> Iterator[None]:
    """Turn TensorFlow's error about a lost worker into a CheckFailed."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        raise CheckFailed(
            "Another worker has ended or cannot be reached. Earlier epochs are kept: start the same command on all "
            f"workers again. Received: {type(error).__name__}."
        ) from error


def agreed(strategy: tf.distribute.Strategy, metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the mean of metrics over the processes, so that all of them make the same decisions."""
    if strategy.num_replicas_in_sync == 1:
        return dict(metrics)

    def mean(value: float) -> float:
        values = strategy.run(lambda: tf.constant(value, tf.float64))
        return float(strategy.reduce(tf.distribute.ReduceOp.MEAN, values, axis=None))

    return {name: mean(value) for name, value in metrics.items()}
