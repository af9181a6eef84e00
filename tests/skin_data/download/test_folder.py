"""What a download does with the folder on this machine: its room, files of others in it, what came before."""

import errno
import shutil
from collections import namedtuple
from contextlib import closing

import pytest

from skin_data.download import archive as archive_module
from skin_data.download import dataset, transfer
from skin_data.download.dataset import download
from skin_data.download.ham10000 import offer_ham10000
from skin_data.download.kaggle import offer_kaggle
from skin_data.download.ledger import Ledger
from skin_data.download.scin import offer_scin
from triage.errors import UnusableInput


def test_disk_space_is_checked_before_the_first_byte(scin, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(dataset.shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(UnusableInput, match=r"1\.0 kB free"):
        download(offer_scin(scin.url), tmp_path / "D")
    assert scin.asked == []


@pytest.mark.parametrize("kind", ["scin", "ham10000"])
def test_a_full_disk_ends_the_run_and_loses_nothing(kind, request, tmp_path, monkeypatch):
    server = request.getfixturevalue(kind)
    ask = offer_scin if kind == "scin" else offer_ham10000
    append, wanted = transfer._append, "-006.png" if kind == "scin" else "part_2.zip"

    def full(remote, *arguments):
        if wanted in remote.path:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(remote, *arguments)

    monkeypatch.setattr(transfer, "_append", full)
    with pytest.raises(UnusableInput, match="No space left"):
        download(ask(server.url), tmp_path, workers=1)
    monkeypatch.undo()
    complete = {path.name for path in tmp_path.rglob("[!.]*") if path.is_file()}
    assert len(complete) >= 6
    server.asked.clear()
    download(ask(server.url), tmp_path)
    assert complete.isdisjoint(path.rsplit("/", 1)[1] for path in server.transfers())
    assert server.transfers(wanted)


def test_unpacking_resumes_after_a_full_disk_without_fetching(ham10000, tmp_path, monkeypatch):
    copy, calls = shutil.copyfileobj, []

    def full(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(*arguments)

    monkeypatch.setattr(archive_module.shutil, "copyfileobj", full)
    with pytest.raises(UnusableInput, match="ISIC_"):
        download(offer_ham10000(ham10000.url), tmp_path)
    assert len(list((tmp_path / "HAM10000_images_part_1").iterdir())) == 3
    ham10000.asked.clear()
    assert download(offer_ham10000(ham10000.url), tmp_path).files == 15
    assert ham10000.transfers("part_1.zip") == []
    assert len(calls) == 4 + 4 + 7


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg"])
def test_an_archive_cannot_write_outside_its_folder(kaggle, make_zip, tmp_path, name):
    kaggle.archive = make_zip({"IMG_CLASSES/fine.jpg": b"fine", name: b"evil"})
    with pytest.raises(UnusableInput, match="evil"):
        download(offer_kaggle(), tmp_path / "D")
    assert not list(tmp_path.rglob("evil*"))
    assert not (tmp_path / "D" / "IMG_CLASSES").exists()


def test_a_bucket_or_a_link_cannot_write_outside_its_folder(scin, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "D").mkdir()
    (tmp_path / "D" / "dataset").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableInput, match=r"-000\.png"):
        download(offer_scin(scin.url), tmp_path / "D")
    scin.objects["dataset/../../evil.png"] = b"evil"
    with pytest.raises(UnusableInput, match="evil"):
        download(offer_scin(scin.url), tmp_path / "E")
    assert not list(tmp_path.rglob("*.csv"))


def test_an_archive_that_is_not_a_zip(kaggle, tmp_path):
    kaggle.archive = b"<html>" * 100
    with pytest.raises(UnusableInput, match=r"dataset\.zip"):
        download(offer_kaggle(), tmp_path / "D")


def test_own_files_are_left_alone(scin, ham10000, tmp_path):
    own = tmp_path / "S" / "dataset" / "scin_cases.csv"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    with pytest.raises(UnusableInput, match=str(own)):
        download(offer_scin(scin.url), tmp_path / "S")
    assert own.read_text() == "mine"
    photo = tmp_path / "H" / "HAM10000_images_part_1" / "ISIC_0000001.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_text("mine")
    with pytest.raises(UnusableInput, match=str(photo)):
        download(offer_ham10000(ham10000.url), tmp_path / "H")
    assert photo.read_text() == "mine"


def test_a_correct_file_without_a_record_is_adopted(scin, tmp_path):
    download(offer_scin(scin.url), tmp_path)
    ledger = tmp_path / ".download.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:5]) + lines[5][:20])
    scin.asked.clear()
    download(offer_scin(scin.url), tmp_path)
    assert scin.asked == []


def test_a_kill_just_before_the_rename_loses_nothing(scin, tmp_path, monkeypatch):
    replace = dataset.Path.replace

    def killed(self, target):
        if "-004.png" in str(target):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(dataset.Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        download(offer_scin(scin.url), tmp_path, workers=1)
    monkeypatch.undo()
    scin.asked.clear()
    download(offer_scin(scin.url), tmp_path)
    assert scin.transfers("-004.png") == []
    assert (tmp_path / "dataset/images/-004.png").read_bytes() == scin.objects["dataset/images/-004.png"]


def test_a_newer_content_on_the_server_replaces_the_older(scin, tmp_path):
    download(offer_scin(scin.url), tmp_path)
    scin.objects["dataset/images/-001.png"] = b"newer"
    scin.asked.clear()
    download(offer_scin(scin.url), tmp_path)
    assert len(scin.asked) == 1
    assert (tmp_path / "dataset/images/-001.png").read_bytes() == b"newer"


def test_withdrawn_files_are_removed_unless_changed(scin, kaggle, make_zip, tmp_path):
    kaggle.archive = make_zip({f"IMG_CLASSES/{n}.jpg": bytes([n]) * 100 for n in range(4)})
    download(offer_kaggle(), tmp_path / "K")
    (tmp_path / "K" / "IMG_CLASSES" / "2.jpg").write_text("edited by hand")
    kaggle.version, kaggle.archive = 2, make_zip({"IMG_CLASSES/0.jpg": bytes([0]) * 100})
    assert download(offer_kaggle(), tmp_path / "K").files == 1
    assert sorted(p.name for p in (tmp_path / "K" / "IMG_CLASSES").iterdir()) == ["0.jpg", "2.jpg"]
    download(offer_scin(scin.url), tmp_path / "S")
    del scin.objects["dataset/images/-001.png"]
    assert download(offer_scin(scin.url), tmp_path / "S").files == 13
    assert not (tmp_path / "S" / "dataset/images/-001.png").exists()
    scin.asked.clear()
    assert download(offer_scin(scin.url), tmp_path / "S").files == 13
    assert scin.asked == []


def test_a_partial_file_that_is_too_long_is_fetched_again(kaggle, tmp_path):
    offer = offer_kaggle()
    (tmp_path / "D").mkdir()
    partial = transfer.partial_path(tmp_path / "D" / offer.files[0].path, offer.files[0])
    partial.write_bytes(b"x" * (len(kaggle.archive) + 5))
    assert download(offer, tmp_path / "D").files == 20


def test_an_own_archive_is_left_alone(kaggle, make_zip, tmp_path):
    folder = tmp_path / "D"
    folder.mkdir()
    own = folder / "skin-diseases-image-dataset.zip"
    mine = make_zip({"mine.jpg": b"x"})
    for complete in (False, True):
        if complete:
            next(folder.rglob("*.jpg")).unlink()
        own.write_bytes(mine)
        assert download(offer_kaggle(), folder).files == 20
        assert own.read_bytes() == mine
        assert not list(folder.rglob(".*.part"))


def test_two_downloads_do_not_share_a_folder(scin, tmp_path):
    with closing(Ledger(tmp_path)), pytest.raises(UnusableInput, match=str(tmp_path)):
        download(offer_scin(scin.url), tmp_path)
