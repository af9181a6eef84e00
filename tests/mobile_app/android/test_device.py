import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from triage.errors import UnusableInput


@pytest.fixture
def java(jnius):
    """The make-believe activity, photos and voices, as they are at first."""
    activity = jnius.autoclass("org.kivy.android.PythonActivity")
    photos = jnius.autoclass("android.content.ContentResolver")
    speech = jnius.autoclass("android.speech.tts.TextToSpeech")
    activity.started, activity.picks, activity.nothingPicksPhotos, activity.millisecondsToPick = None, None, False, 0
    photos.hold(None)
    photos.missing, photos.forbidden = False, False
    speech.reset()

    files = jnius.autoclass("androidx.core.content.FileProvider")
    voice = jnius.autoclass("android.speech.tts.Voice")
    yield SimpleNamespace(activity=activity, photos=photos, speech=speech, files=files, voice=voice)
    wait_for(lambda: activity.mActivity.listeners.size() == 0)


@pytest.fixture
def phone(jnius):
    from mobile_app.android.device import AndroidPhone

    return AndroidPhone()


def wait_for(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def pick(phone) -> tuple[list[bytes], list[str]]:
    """Pick and wait until the phone can pick again."""
    photos: list[bytes] = []
    troubles: list[str] = []
    phone.pick_photo(photos.append, troubles.append)
    wait_for(lambda: not phone._picking.locked())
    return photos, troubles


def test_a_picked_photo_comes_byte_for_byte(phone, java, no_classes_from_threads):
    content = bytes(range(256)) * 300
    java.activity.picks = "content://photos/1"
    java.photos.hold(content)
    assert pick(phone) == ([content], [])
    asked = java.activity.started
    assert (asked.action, asked.type) == ("android.intent.action.GET_CONTENT", "image/*")
    assert list(asked.categories) == ["android.intent.category.OPENABLE"]
    assert pick(phone) == ([content], [])


@pytest.mark.parametrize(("known", "given"), [(True, b"JPEG of 52 bytes in SRGB"), (False, None)])
def test_a_picked_heic_becomes_a_jpeg_in_srgb_where_android_reads_it(phone, java, jnius, known, given):
    content = b"\0\0\0\x18ftypheic" + bytes(40)
    java.activity.picks = "content://photos/1"
    java.photos.hold(content)
    decoder = jnius.autoclass("android.graphics.BitmapFactory")
    decoder.knowsHeif = known
    try:
        assert pick(phone) == ([given or content], [])
    finally:
        decoder.knowsHeif = True


def test_nothing_picked_is_no_trouble(phone, java):
    assert pick(phone) == ([], [])


def test_an_empty_file_is_left_to_what_reads_photos(phone, java):
    java.activity.picks = "content://photos/1"
    java.photos.hold(b"")
    assert pick(phone) == ([b""], [])


def test_a_second_touch_while_picking_asks_nothing(phone, java):
    java.activity.picks, java.activity.millisecondsToPick = "content://photos/1", 200
    java.photos.hold(b"photo")
    photos: list[bytes] = []
    for _ in range(3):
        phone.pick_photo(photos.append, pytest.fail)
    wait_for(lambda: photos)
    wait_for(lambda: not phone._picking.locked())
    assert photos == [b"photo"]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("nothingPicksPhotos", "no app on this phone shows photos"),
        ("missing", "No content provider: content://photos/1"),
        ("forbidden", "does not give it"),
        ("nothing", "does not give it"),
        ("large", "larger than 0 MB"),
    ],
)
def test_what_android_refuses_is_told(phone, java, monkeypatch, problem, words):
    monkeypatch.setattr("mobile_app.android.device.MAX_BYTES", 3000)
    java.activity.picks = "content://photos/1"
    java.photos.hold({"nothing": None, "large": b"x" * 3001}.get(problem, b"x" * 3000))
    if problem == "nothingPicksPhotos":
        java.activity.nothingPicksPhotos = True
    elif problem in ("missing", "forbidden"):
        setattr(java.photos, problem, True)
    photos, (trouble,) = pick(phone)
    assert words in trouble and not photos


def test_a_shared_file_is_given_to_the_chosen_app_alone(phone, java, tmp_path):
    java.files.folder = str(tmp_path)
    phone.share(tmp_path / "skin-check.pdf", "application/pdf")
    wait_for(lambda: java.activity.started is not None)
    chooser = java.activity.started
    send = chooser.target
    assert (chooser.action, send.action) == ("android.intent.action.CHOOSER", "android.intent.action.SEND")
    uri = "content://org.example.skin.shared/shared/skin-check.pdf"
    assert send.type == "application/pdf"
    assert send.clip.uri.toString() == send.extras.get("android.intent.extra.STREAM").toString() == uri
    assert send.flags == 1  # FLAG_GRANT_READ_URI_PERMISSION


def test_a_file_elsewhere_is_not_shared(phone, java, tmp_path):
    java.files.folder = str(tmp_path)
    with pytest.raises(UnusableInput, match="configured root"):
        phone.share(Path("/data/other/photo.png"), "image/png")
    assert java.activity.started is None


def heard(java) -> list[str]:
    return list(java.speech.heard)


def test_tips_are_spoken_by_the_usual_voice(phone, java):
    java.speech.voices.add(java.voice("usual", "en-US", False, True))
    phone.voice.speak("More light")
    wait_for(lambda: heard(java))
    phone.voice.silence()
    phone.voice.speak("Hold still")
    assert heard(java) == ["usual: More light", "(silence)", "usual: Hold still"]
    assert phone.voice.available


def test_only_the_latest_words_wait_for_the_voice(phone, java):
    java.speech.voices.add(java.voice("usual", "en-GB", False, True))
    java.speech.millisecondsToStart = 200
    phone.voice.speak("More light")
    phone.voice.speak("Less light")
    assert phone.voice.available
    wait_for(lambda: heard(java))
    assert heard(java) == ["usual: Less light"]


def test_words_that_were_hushed_are_not_spoken_later(phone, java):
    java.speech.voices.add(java.voice("usual", "en-US", False, True))
    java.speech.millisecondsToStart = 100
    phone.voice.speak("More light")
    phone.voice.silence()
    time.sleep(0.3)
    assert heard(java) == []


def test_no_words_are_sent_over_the_network(phone, java):
    for name, language, network, installed in (
        ("usual", "en-US", True, True),
        ("French", "fr-FR", False, True),
        ("to be installed", "en-US", False, False),
        ("on the phone", "en-IN", False, True),
    ):
        java.speech.voices.add(java.voice(name, language, network, installed))
    phone.voice.speak("More light")
    wait_for(lambda: heard(java))
    assert heard(java) == ["on the phone: More light"]


@pytest.mark.parametrize("why", ["no engine", "no English", "network only"])
def test_a_phone_without_a_voice_of_its_own_is_silent(phone, java, why):
    java.speech.engineMissing = why == "no engine"
    if why == "no English":
        java.speech.voices.add(java.voice("French", "fr-FR", False, True))
    elif why == "network only":
        java.speech.voices.add(java.voice("usual", "en-US", True, True))
    phone.voice.speak("More light")
    wait_for(lambda: not phone.voice.available)
    phone.voice.speak("More light")
    phone.voice.silence()
    assert heard(java) == []
