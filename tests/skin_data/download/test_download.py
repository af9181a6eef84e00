"""The real client libraries against a stand-in server; the real servers were never asked."""

import gzip
import signal
import subprocess
import sys
import threading
import time

import pytest

from skin_data.download import transfer
from skin_data.download.dataset import download
from skin_data.download.ham10000 import offer_ham10000
from skin_data.download.kaggle import offer_kaggle
from skin_data.download.remote import ConnectionLost
from skin_data.download.scin import offer_scin
from skin_data.sources.ham10000 import read_ham10000
from skin_data.sources.kaggle import read_kaggle
from skin_data.sources.scin import read_scin
from triage.errors import UnusableInput


def leftovers(folder):
    return [path.name for path in folder.rglob(".*") if path.name != ".download.jsonl"]


def test_scin_arrives_as_prepare_reads_it(scin, tmp_path):
    scin.page = 5
    offer = offer_scin(scin.url)
    assert len(offer.files) == 14
    assert offer.size == sum(len(data) for data in scin.objects.values())
    seen = []
    result = download(offer, tmp_path / "SCIN", bytes_progress=lambda done, total: seen.append((done, total)))
    assert (result.files, result.fetched) == (14, offer.size)
    assert seen[-1] == (offer.size, offer.size)
    for name, data in scin.objects.items():
        if data:
            assert (tmp_path / "SCIN" / name).read_bytes() == data
    listing = read_scin(tmp_path / "SCIN")
    assert (len(listing.records), list(listing.rejections)) == (12, [])
    assert leftovers(tmp_path / "SCIN") == []


def test_ham10000_arrives_as_prepare_reads_it(ham10000, tmp_path):
    offer = offer_ham10000(ham10000.url)
    assert offer.licence_there == "CC BY-NC 4.0, not for sale"
    assert [file.path for file in offer.files] == [
        "HAM10000_metadata.csv",
        "HAM10000_images_part_1.zip",
        "HAM10000_images_part_2.zip",
    ]
    result = download(offer, tmp_path)
    assert result.files == 15
    assert (tmp_path / "HAM10000_metadata.csv").read_bytes() == ham10000.datafiles[1][2]
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith(".")) == [
        "HAM10000_images_part_1",
        "HAM10000_images_part_2",
        "HAM10000_metadata.csv",
    ]
    listing = read_ham10000(tmp_path)
    assert (len(listing.records), list(listing.rejections)) == (14, [])


def test_kaggle_arrives_as_prepare_reads_it(kaggle, tmp_path):
    offer = offer_kaggle()
    assert (offer.size, offer.licence_there) == (len(kaggle.archive), "Unknown")
    result = download(offer, tmp_path / "K")
    assert result.files == 20
    listing = read_kaggle(tmp_path / "K")
    assert (len(listing.records), list(listing.rejections)) == (20, [])
    assert not list((tmp_path / "K").glob("*.zip"))


@pytest.mark.parametrize("kind", ["scin", "ham10000", "kaggle"])
def test_only_lost_files_are_fetched_again(kind, request, tmp_path):
    server = request.getfixturevalue(kind)
    ask = {
        "scin": lambda: offer_scin(server.url),
        "ham10000": lambda: offer_ham10000(server.url),
        "kaggle": offer_kaggle,
    }[kind]
    folder = tmp_path / "D"
    first = download(ask(), folder)
    server.asked.clear()
    again = download(ask(), folder)
    assert server.asked == []
    assert (again.files, again.fetched) == (first.files, 0)
    photo = next(path for path in sorted(folder.rglob("*")) if path.suffix in (".png", ".jpg"))
    content = photo.read_bytes()
    photo.write_bytes(b"x" * len(content))  # same size: only the checksum tells
    download(ask(), folder)
    assert photo.read_bytes() == content
    assert len({path for path, _ in server.asked}) == 1


def test_a_broken_connection_resumes_by_byte_range(scin, tmp_path):
    scin.cut["-003.png"] = [20_000, 17_000]
    download(offer_scin(scin.url), tmp_path, workers=1)
    asked = [given for path, given in scin.asked if "-003.png" in path]
    assert asked[0] is None
    assert [given.split("-")[0] for given in asked[1:]] == ["bytes=16384", "bytes=32768"]


@pytest.mark.parametrize("kind", ["ham10000", "kaggle"])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_partial_archive_of_an_earlier_run_resumes(kind, ranges, request, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    server = request.getfixturevalue(kind)
    server.ranges = ranges
    part = "part_1.zip" if kind == "ham10000" else "/signed/"
    # Kaggle's client opens each transfer once for its headers.
    server.cut[part] = [40_000, 0] if kind == "ham10000" else [10**9, 40_000, 0]

    def ask():
        return offer_kaggle() if kind == "kaggle" else offer_ham10000(server.url)

    with pytest.raises(ConnectionLost, match=r"part_1|dataset"):
        download(ask(), tmp_path / "D")
    (begun,) = (tmp_path / "D").glob(".*.part")
    there = begun.stat().st_size
    assert (0 < there <= 40_000) if ranges else there == 0
    server.cut.clear()
    server.asked.clear()
    download(ask(), tmp_path / "D")
    if ranges:
        assert f"bytes={there}-" in [given for path, given in server.asked if part in path]
    assert "HAM10000_metadata" not in str(server.asked)
    assert leftovers(tmp_path / "D") == []


def test_a_killed_process_resumes(scin, tmp_path):
    command = [sys.executable, "-m", "skin_distill", "download", "scin", "--out", str(tmp_path / "D")]
    command += ["--server", scin.url, "--accept-licence", "--workers", "2"]
    scin.gate = threading.Semaphore(4)
    scin.gate.wait = lambda seconds: scin.gate.acquire(timeout=seconds)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ledger = tmp_path / "D" / ".download.jsonl"
    deadline = time.monotonic() + 30
    while not (ledger.exists() and ledger.read_text().count("\n") == 4) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    complete = {path.name for path in (tmp_path / "D").rglob("*.[pc][ns][gv]") if not path.name.startswith(".")}
    assert len(complete) == 4
    scin.gate = None
    scin.asked.clear()
    # Nobody has to agree again, and no terminal is needed for it.
    command.remove("--accept-licence")
    again = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == f"Next: skin-distill prepare scin {tmp_path / 'D'} --out data/scin"
    fetched = {path.rsplit("/", 1)[1] for path in scin.transfers()}
    assert len(fetched) == 10
    assert fetched.isdisjoint(complete)
    assert (tmp_path / "D" / "LICENCE.txt").read_text().count("SCIN Data Use License") == 1


def test_a_wrong_checksum_is_an_error_and_leaves_no_file(scin, tmp_path):
    scin.lie["-005.png"] = b"?" * len(scin.objects["dataset/images/-005.png"])
    with pytest.raises(UnusableInput, match=r"-005\.png .*md5:\w+ instead of md5:\w+"):
        download(offer_scin(scin.url), tmp_path)
    written = list((tmp_path / "dataset/images").glob("[!.]*"))  # as many as were done or under way
    assert "-005.png" not in [path.name for path in written]
    assert all(path.read_bytes() == scin.objects[f"dataset/images/{path.name}"] for path in written)
    assert leftovers(tmp_path) == []


def test_a_damaged_partial_file_is_fetched_again(scin, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    scin.cut["-005.png"] = [20_000, 0]
    with pytest.raises(ConnectionLost):
        download(offer_scin(scin.url), tmp_path)
    (begun,) = (tmp_path / "dataset/images").glob(".-005.png.*.part")
    begun.write_bytes(b"!" * 16_384)
    download(offer_scin(scin.url), tmp_path)
    assert (tmp_path / "dataset/images/-005.png").read_bytes() == scin.objects["dataset/images/-005.png"]


def test_crc32c_is_checked_where_there_is_no_md5(scin, tmp_path, monkeypatch):
    google_crc32c = pytest.importorskip("google_crc32c")
    import base64

    listed = scin.send_json

    def only_crc(request, value, status=200):
        for item in value.get("items", ()):
            del item["md5Hash"]
            crc = google_crc32c.Checksum(scin.objects[item["name"]]).digest()
            item["crc32c"] = base64.b64encode(crc).decode()
        listed(request, value, status)

    monkeypatch.setattr(scin, "send_json", only_crc)
    scin.lie["-005.png"] = b"?" * 40_005
    with pytest.raises(UnusableInput, match=r"-005\.png .*crc32c:"):
        download(offer_scin(scin.url), tmp_path)
    scin.lie.clear()
    download(offer_scin(scin.url), tmp_path)


@pytest.mark.parametrize("status", [404, 403, 400])
@pytest.mark.parametrize("kind", ["scin", "ham10000", "kaggle"])
def test_a_refused_listing_names_status_and_place(kind, status, request):
    server = request.getfixturevalue(kind)
    server.statuses = {"/storage/v1": status, "/api/": status}
    ask = {"scin": offer_scin, "ham10000": offer_ham10000, "kaggle": lambda _: offer_kaggle()}[kind]
    with pytest.raises(UnusableInput, match=f"HTTP {status}") as error:
        ask(server.url)
    assert "http" in str(error.value)


def test_a_server_in_trouble_is_asked_again(scin, ham10000, tmp_path):
    scin.statuses = {"/storage/v1": [503], "-002.png": [503, 429], "/api/v1/datasets/": [500]}
    assert download(offer_scin(scin.url), tmp_path / "S").files == 14
    assert download(offer_ham10000(ham10000.url), tmp_path / "H").files == 15


def test_a_refused_file_is_named_and_what_is_complete_stays(scin, tmp_path):
    scin.statuses = {"-004.png": 404}
    with pytest.raises(UnusableInput, match=r"-004\.png.*HTTP 404"):
        download(offer_scin(scin.url), tmp_path, workers=1)
    scin.statuses = {}
    scin.asked.clear()
    complete = {path.name for path in tmp_path.rglob("-*.png")}
    assert complete
    download(offer_scin(scin.url), tmp_path)
    assert complete.isdisjoint(path.rsplit("/", 1)[1] for path in scin.transfers())


def test_an_unreachable_server(scin, ham10000, kaggle):
    scin.server.shutdown()
    scin.server.server_close()
    for ask in (lambda: offer_scin(scin.url), lambda: offer_ham10000(scin.url), offer_kaggle):
        with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1|kaggle"):
            ask()


def test_a_missing_or_wrong_token_says_how_to_get_one(kaggle, tmp_path, monkeypatch):
    kaggle.token = "right"
    with pytest.raises(UnusableInput, match="KAGGLE_API_TOKEN"):
        offer_kaggle()
    monkeypatch.setenv("KAGGLE_API_TOKEN", "wrong")
    with pytest.raises(UnusableInput, match="HTTP 401"):
        offer_kaggle()
    monkeypatch.setenv("KAGGLE_API_TOKEN", "right")
    assert download(offer_kaggle(), tmp_path / "D").files == 20


def test_a_broken_token_file(kaggle, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "kaggle.json").write_text("{")
    with pytest.raises(UnusableInput, match="KAGGLE_API_TOKEN"):
        offer_kaggle()


def test_a_table_that_is_stored_compressed_comes_unpacked(scin, tmp_path):
    table = scin.objects["dataset/scin_cases.csv"]
    scin.objects["dataset/scin_cases.csv"] = gzip.compress(table)
    scin.gzipped.add("dataset/scin_cases.csv")
    scin.cut["cases.csv"] = [50]
    download(offer_scin(scin.url), tmp_path)
    assert (tmp_path / "dataset/scin_cases.csv").read_bytes() == table
    scin.asked.clear()
    assert download(offer_scin(scin.url), tmp_path).files == 14
    assert scin.asked == []


def test_contents_that_differ_from_the_published_ones(scin, ham10000):
    del scin.objects["dataset/scin_labels.csv"]
    with pytest.raises(UnusableInput, match=r"scin_labels\.csv"):
        offer_scin(scin.url)
    del ham10000.datafiles[1]
    with pytest.raises(UnusableInput, match=r"HAM10000_metadata\.csv"):
        offer_ham10000(ham10000.url)


def test_a_firewall_that_answers_with_nothing(ham10000, tmp_path):
    offer = offer_ham10000(ham10000.url)
    ham10000.statuses = {"/s3/": 202, "/api/v1/datasets": 202}
    with pytest.raises(UnusableInput, match="HTTP 202"):
        download(offer, tmp_path)
    with pytest.raises(UnusableInput, match="HTTP 202"):
        offer_ham10000(ham10000.url)
