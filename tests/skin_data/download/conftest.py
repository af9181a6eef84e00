"""A stand-in for the three servers: the same protocols, on this machine, with faults on demand."""

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from skin_data.download import remote

SCIN_BUCKET = "dx-scin-public-data"


def md5(data):
    return hashlib.md5(data).hexdigest()


def md5_base64(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def crc32c_base64(data):
    import google_crc32c

    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class StandIn:
    """Google Cloud Storage, Kaggle and Dataverse at one address.

    Attributes:
        objects: of the bucket, bytes by name.
        datafiles: of the Dataverse, (filename, stored bytes, bytes as uploaded or None) by id.
        archive: of the Kaggle data set.
        token: that Kaggle asks for, if any.
        statuses: HTTP status by part of a path, instead of an answer; a list is used up one by one.
        cut: number of bytes after which a transfer breaks off, once each, by part of a path.
        lie: content to serve under another's checksum, by part of a path.
        ranges: whether byte ranges are known.
        gate: if set, transfers of photos wait for it.
        asked: (path, Range header) of all transfers.
    """

    def __init__(self):
        self.objects, self.datafiles, self.archive, self.token = {}, {}, b"", None
        self.statuses, self.lie, self.ranges, self.gate, self.page = {}, {}, True, None, 1000
        self.version, self.gzipped = 1, set()
        self.cut = defaultdict(list)
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

            do_POST = do_GET

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """Clients that hang up are what is tested here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def transfers(self, part=""):
        return [path for path, _ in self.asked if part in path]

    def answer(self, request):
        address = urlsplit(request.path)
        path, query = unquote(address.path), parse_qs(address.query)
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        for part, status in self.statuses.items():
            if isinstance(status, list):
                status = status.pop(0) if part in path and status else None
            if part in path and status:
                return self.send_json(request, {"error": {"message": "no"}, "message": "no", "code": status}, status)
        if path == f"/storage/v1/b/{SCIN_BUCKET}/o":
            return self.list_objects(request, query)
        if path.startswith(f"/download/storage/v1/b/{SCIN_BUCKET}/o/"):
            name = path.split("/o/", 1)[1]
            data = self.objects.get(name)
            extra = {"Content-Encoding": "gzip"} if name in self.gzipped else {}
            extra["x-goog-hash"] = f"crc32c={crc32c_base64(data or b'')},md5={md5_base64(data or b'')}"
            return self.send_file(request, path, data, extra)
        if path.startswith("/api/v1/datasets.DatasetApiService/"):
            return self.kaggle(request, path.rsplit("/", 1)[1])
        if path == "/signed/archive.zip":
            extra = {"x-goog-hash": f"crc32c=AAAAAA==,md5={md5_base64(self.archive)}"}
            return self.send_file(request, path, self.archive, extra)
        if path == "/api/v1/datasets/:persistentId/":
            return self.list_datafiles(request)
        if path.startswith("/api/access/datafile/"):
            name, stored, uploaded = self.datafiles[int(path.rsplit("/", 1)[1])]
            if name.endswith(".zip"):  # Harvard's Dataverse sends people on to S3
                request.send_response(303)
                request.send_header("Location", f"{self.url}/s3/{name}")
                request.send_header("Content-Length", "0")
                return request.end_headers()
            return self.send_file(request, path, uploaded if query.get("format") == ["original"] else stored)
        if path.startswith("/s3/"):
            name = path[4:]
            return self.send_file(request, path, next(d for n, d, _ in self.datafiles.values() if n == name))
        return self.send_json(request, {"message": "unknown"}, 404)

    def list_objects(self, request, query):
        names = sorted(name for name in self.objects if name.startswith(query["prefix"][0]))
        start = int(query.get("pageToken", ["0"])[0])
        items = [
            {"name": n, "size": str(len(self.objects[n])), "md5Hash": md5_base64(self.objects[n])}
            | ({"contentEncoding": "gzip"} if n in self.gzipped else {})
            for n in names[start : start + self.page]
        ]
        more = {"nextPageToken": str(start + self.page)} if start + self.page < len(names) else {}
        self.send_json(request, {"kind": "storage#objects", "items": items, **more})

    def kaggle(self, request, method):
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.send_json(request, {"code": 401, "message": "Unauthenticated"}, 401)
        if method == "GetDataset":
            about = {"totalBytes": len(self.archive), "licenseName": "Unknown", "currentVersionNumber": self.version}
            return self.send_json(request, about)
        request.send_response(302)
        request.send_header("Location", f"{self.url}/signed/archive.zip")
        request.send_header("Content-Length", "0")
        return request.end_headers()

    def list_datafiles(self, request):
        files = []
        for number, (name, stored, uploaded) in self.datafiles.items():
            original = {"originalFileFormat": "text/csv", "originalFileSize": len(uploaded)} if uploaded else {}
            checksum = {"type": "MD5", "value": md5(uploaded or stored)}
            about = {"id": number, "filename": name, "filesize": len(stored), "checksum": checksum, **original}
            files.append({"label": name, "dataFile": about})
        terms = "<p>CC BY-NC 4.0, <b>not</b> for sale</p>"
        self.send_json(request, {"status": "OK", "data": {"latestVersion": {"termsOfUse": terms, "files": files}}})

    def send_json(self, request, value, status=200):
        data = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def send_file(self, request, path, data, headers=None):
        if data is None:
            return self.send_json(request, {"error": {"message": "No such object"}}, 404)
        data = next((content for part, content in self.lie.items() if part in path), data)
        asked = request.headers.get("Range")
        self.asked.append((path, asked))
        if self.gate is not None and "/images/" in path:
            self.gate.wait(20)
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked and self.ranges else 0
        request.send_response(206 if asked and self.ranges else 200)
        if asked and self.ranges:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("Content-Length", str(len(data) - start))
        for name, value in {"Accept-Ranges": "bytes", **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        body = data[start:]
        for part, cuts in self.cut.items():
            if part in path and cuts:
                body = body[: cuts.pop(0)]
                request.close_connection = True
        return request.wfile.write(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(remote, "PAUSE", 0.01)
    stand_in = StandIn()
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()


@pytest.fixture
def scin(server):
    """A bucket with 2 tables and 12 photos, laid out as the published one."""
    pytest.importorskip("google_crc32c", reason="needs the extra download")
    photos = [f"dataset/images/-{n:03d}.png" for n in range(12)]
    cases = "case_id,fitzpatrick_skin_type,image_1_path,image_2_path,image_3_path,age_group,sex_at_birth\n"
    cases += "".join(f"{n},FST2,{photo},,,AGE_30_TO_39,FEMALE\n" for n, photo in enumerate(photos))
    labels = "case_id,dermatologist_gradable_for_skin_condition_1,weighted_skin_condition_label\n"
    labels += "".join(f"{n},DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT,{{'Eczema': 1.0}}\n" for n in range(12))
    server.objects = {
        "dataset/": b"",
        "dataset/scin_cases.csv": cases.encode(),
        "dataset/scin_labels.csv": labels.encode(),
        **{photo: bytes([n]) * (40_000 + n) for n, photo in enumerate(photos)},
    }
    return server


@pytest.fixture
def ham10000(server):
    """A Dataverse data set: its table converted to tab-separated text, two archives, and files that are not needed."""
    pytest.importorskip("requests", reason="needs the extra download")
    names = [f"ISIC_{n:07d}" for n in range(14)]
    codes = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
    table = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
    table += "".join(f"HAM_{n},{name},{codes[n % 7]},histo,50,male,back\n" for n, name in enumerate(names))
    photos = {f"{name}.jpg": name.encode() * 3000 for name in names}
    halves = [dict(list(photos.items())[:7]), dict(list(photos.items())[7:])]
    server.datafiles = {
        1: ("HAM10000_metadata.tab", table.replace(",", "\t").encode() + b"\n", table.encode()),
        2: ("HAM10000_images_part_1.zip", zipped({**halves[0], "__MACOSX/._x.jpg": b"fork"}), None),
        3: ("HAM10000_images_part_2.zip", zipped(halves[1]), None),
        4: ("ISIC2018_Task3_Test_Images.zip", b"not wanted", None),
        5: ("HAM10000_segmentations_lesion_tschandl.zip", b"not wanted", None),
    }
    return server


@pytest.fixture
def kaggle(server, monkeypatch, tmp_path):
    """Kaggle with the ten class folders in one archive, and nobody's token on this machine."""
    pytest.importorskip("kagglehub", reason="needs the extra download")
    from kagglesdk import kaggle_env

    from skin_data.taxonomy import load_taxonomy

    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, server.url)
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home"))
    folders = [c.folder for c in load_taxonomy("kaggle10").classes]
    server.archive = zipped(
        {f"IMG_CLASSES/{folder}/{n}_{m}.jpg": bytes([n, m]) * 2000 for n, folder in enumerate(folders) for m in (1, 2)}
    )
    return server


@pytest.fixture
def make_zip():
    """Zip contents by their names."""
    return zipped
