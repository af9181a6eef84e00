"""`prepare --cluster` on real workers: processes of `dask worker` around a scheduler of this machine."""

import csv
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skin_data.dask_cluster import TOLERATED, Cluster
from skin_data.ledger import run_resumable
from skin_data.measurement import measure_photo, measuring_code
from skin_data.prepare import prepare
from triage.errors import SkinDistillError, UnusableInput

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("table_only"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
PHOTOS = 160
ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments, **environment):
    """A process of `dask`, ended by its own id; a lost worker is given up after 3 s instead of 30."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd="/",  # `-m` would find the package there first
        env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s", **environment},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def scheduler():
    port = free_port()
    with started("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard") as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}", process


def worker(address, name, **environment):
    options = [
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--name",
        name,
        "--local-directory",
        environment.pop("here"),
    ]
    return started("worker", address, *options, **environment)


@contextmanager
def cluster(tmp_path):
    from distributed import Client

    with (
        scheduler() as (address, head),
        worker(address, "one", here=str(tmp_path)) as one,
        worker(address, "two", here=str(tmp_path)) as two,
    ):
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        yield address, [one, two], head


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    """So that a few photos are many tasks."""
    monkeypatch.setattr("skin_data.dask_cluster.CHUNK", 8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Smooth pictures of two classes, one of them damaged."""
    root = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        coarse = np.random.default_rng(number).integers(60, 220, (6, 6, 3), np.uint8)
        path = root / "xy"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(coarse).resize((90, 70), Image.Resampling.BICUBIC).save(path)
    (root / "x" / "damaged.png").write_bytes(b"no photo")
    return root


@pytest.fixture(scope="module")
def living(tmp_path_factory):
    """Address of a cluster whose workers nobody kills."""
    with cluster(tmp_path_factory.mktemp("living")) as (address, *_):
        yield address


def written(out):
    return {name: (out / name).read_bytes() for name in ("meta.csv", "rejected.csv", "doubtful.csv")}


def test_a_killed_worker_is_no_loss_and_the_table_is_the_same(photos, tmp_path):
    prepare("folder", photos, tmp_path / "alone", workers=1)
    killed = []
    with cluster(tmp_path) as (address, workers, _):
        moment = random.randrange(1, PHOTOS // 2)

        def kill(stage, done, total):
            if stage == "measure photos" and done >= moment and not killed:
                killed.append(random.choice(workers))
                killed[0].send_signal(signal.SIGKILL)

        prepare("folder", photos, tmp_path / "far", progress=kill, cluster=address)
    assert killed
    assert written(tmp_path / "far") == written(tmp_path / "alone")
    assert (tmp_path / "far/rejected.csv").read_text().count("damaged.png") == 1


def test_photos_are_read_by_their_urls_wherever_a_table_names_them(photos, living, tmp_path):
    for name, place in (("here", str), ("far", lambda path: path.as_uri())):
        with open(tmp_path / f"{name}.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["image_path", "diagnosis", "group"])
            table.writerows([place(path), path.parent.name, path.stem] for path in sorted(photos.rglob("*.png")))
    prepare("folder", [tmp_path / "here.csv"], tmp_path / "a", workers=1)
    prepare("folder", [tmp_path / "far.csv"], tmp_path / "b", cluster=living)
    here, far = (list(csv.DictReader((tmp_path / out / "meta.csv").read_text().splitlines())) for out in "ab")
    assert [Path(row.pop("image_path")).as_uri() for row in here] == [row.pop("image_path") for row in far]
    assert [{**row, "source": ""} for row in here] == [{**row, "source": ""} for row in far]


def test_workers_that_cannot_read_the_photos_are_named(photos, living):
    import fsspec

    memory = fsspec.filesystem("memory")  # of this process alone, as a folder that only this machine mounts
    paths = sorted(photos.rglob("*.png"))[: 2 * TOLERATED + 8]
    for path in paths:
        memory.pipe(f"/{path.name}", path.read_bytes())
    items = [f"memory://{path.name}" for path in paths]
    with closing(Cluster(living, measuring_code)) as machines:
        names = set(machines._client.nthreads())
        with pytest.raises(UnusableInput) as error:
            list(machines.apply(measure_photo, items))
    assert any(name in str(error.value) for name in names)
    assert "memory://" in str(error.value)


def test_workers_of_another_version_or_without_the_package_are_named(tmp_path):
    other = tmp_path / "other"
    for package in ("skin_data", "triage"):
        shutil.copytree(ROOT / package, other / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "triage/lighting.py").open("a") as file:
        file.write("\n# changed\n")
    (tmp_path / "without.py").write_text("import sys\nsys.modules['skin_data'] = None\n")
    with (
        scheduler() as (address, _),
        worker(address, "b", here=str(tmp_path), PYTHONPATH=str(other)),
        pytest.raises(UnusableInput, match=r"tcp://127\.0\.0\.1"),
    ):
        Cluster(address, measuring_code, connect_seconds=60)
    with scheduler() as (address, _):
        blocked = started("worker", address, "--no-nanny", "--no-dashboard", "--preload", str(tmp_path / "without.py"))
        with blocked, pytest.raises(UnusableInput, match=r"tcp://127\.0\.0\.1"):
            Cluster(address, measuring_code, connect_seconds=60)


@pytest.mark.parametrize("lost", ["workers", "scheduler"])
def test_what_is_measured_is_kept_when_the_cluster_ends(photos, tmp_path, lost):
    items = {str(number): str(path) for number, path in enumerate(sorted(photos.rglob("*.png")))}
    kept = tmp_path / "ledger.jsonl"
    with (
        cluster(tmp_path) as (address, workers, head),
        closing(Cluster(address, measuring_code, patience_seconds=2)) as machines,
    ):

        def kill(done, total):
            for process in workers if lost == "workers" else [head]:
                process.send_signal(signal.SIGKILL)

        with pytest.raises(SkinDistillError, match=address):
            run_resumable(measure_photo, items, kept, progress=kill, cluster=machines)
    known = len(kept.read_text().splitlines())
    assert 0 < known < len(items)
    resumed = []
    run_resumable(measure_photo, items, kept, workers=1, progress=lambda done, total: resumed.append(done))
    assert len(resumed) == len(items) - known


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://nowhere.invalid:8786"])
def test_a_scheduler_that_does_not_answer_is_a_clear_error(address):
    with pytest.raises(UnusableInput, match=address):
        Cluster(address, measuring_code, connect_seconds=0.5)


def test_a_scheduler_without_workers_is_a_clear_error():
    with scheduler() as (address, _), pytest.raises(UnusableInput, match="no worker"):
        Cluster(address, measuring_code, connect_seconds=3)
