"""Packaging of skin-distill: `pip install .` installs the device side, `.[train]` adds training."""

from pathlib import Path

from setuptools import find_packages, setup

# The device side: classify and benchmark.
RUNTIME = [
    "numpy>=1.26,<3",
    "opencv-python-headless>=4.9,<6",
    "ai-edge-litert>=2.1,<3",
    "click>=8.1,<9",
    "rich>=13,<16",
    # Photos: colour profiles and AVIF, HEIC, and JPEG with its damage.
    "pillow>=11.3,<14",
    "pi-heif>=1,<2",
    "simplejpeg>=1.8,<2",
]
# tensorflow-model-optimization works with tf-keras only; update the three together.
TRAIN = [
    "numpy>=2,<3",  # for bitwise_count
    "tensorflow>=2.21,<2.22",
    "tf-keras>=2.21,<2.22",
    "tensorflow-model-optimization>=0.8.0,<0.9",
    "flatbuffers>=24.3,<26",  # TensorFlow's version; reads and rewrites .tflite files
    "pandas>=2.2,<4",
    "scikit-learn>=1.5,<2",
    "scipy>=1.11,<2",
    "joblib>=1.2,<2",  # hashes large arrays; comes with scikit-learn
    "scikit-image>=0.24,<1",
    "matplotlib>=3.8,<4",
    "PyYAML>=6,<7",
    "pydantic>=2.12,<3",  # the first that can forbid unknown keys per call
]
# Kaggle's client, HTTP for all transfers, and the checksum of Google's storage.
DOWNLOAD = [
    "google-crc32c>=1.5,<2",
    "kagglehub>=1,<2",
    "requests>=2.31,<3",
]
ONNX = ["onnxruntime>=1.20,<2"]  # teachers from elsewhere
MAXVIT = ["keras-cv-attention-models>=1.4.3,<2"]
# Photos measured by many machines, and read from buckets.
CLUSTER = [
    "distributed>=2024.8,<2027",
    "universal-pathlib>=0.3,<0.4",
    "fsspec[gs,s3]>=2025.2,<2027",
]
APP = [
    "kivy>=2.3.1,<2.4",
    "fpdf2>=2.8,<3",  # sharing a result as PDF
]
# The page for stakeholders.
WEB = ["streamlit>=1.50,<2"]
DEV = [
    "axe-playwright-python>=0.1.7,<0.2",  # accessibility rules, with axe-core inside
    "crepes>=0.8,<1",  # conformal prediction, which tests compare ours with
    "isic-challenge-scoring>=5.6,<6",  # the ISIC archive's metrics, which tests compare ours with
    "onnx>=1.18,<2",  # writes small networks for tests
    "pillow-heif>=1.1,<2",  # writes HEIC for tests
    "nbclient>=0.10,<1",  # runs the notebooks
    "ipykernel>=6.29,<8",
    "playwright>=1.50,<2",  # drives the system's Chromium
    "pytest>=8,<9.2",  # pytest-xdist 3.8 names groups in an attribute that 9.2 no longer reads
    "pytest-timeout>=2.3,<3",
    "pytest-xdist>=3.6,<4",
    "ruff>=0.8,<1",
    "mypy>=1.13,<3",
    "import-linter>=2.1,<3",
    "tf2onnx>=1.17,<2",  # exports a teacher of ours for tests
    "build>=1.2,<2",
]
# Builds the Android app, and tests it without Android. The recipes of python-for-android pin pyjnius.
ANDROID = [
    "buildozer>=1.6,<2",
    "python-for-android>=2026.5.9,<2026.6",
    "pyjnius>=1.7,<1.8",
]
EXTRAS = {
    "train": TRAIN,
    # tflite-runtime predates numpy 2: with numpy 2 it installs without a warning and crashes on import.
    "tflite-runtime": ["tflite-runtime==2.14; python_version < '3.12'", "numpy<2; python_version < '3.12'"],
    "android": ANDROID,
    "download": DOWNLOAD,
    "maxvit": MAXVIT,
    "onnx": ONNX,
    "cluster": CLUSTER,
    "app": APP,
    "web": WEB,
    "dev": DEV,
    "all": TRAIN + DOWNLOAD + MAXVIT + ONNX + CLUSTER + APP + WEB + DEV,
}
PACKAGES = [
    "triage",
    "skin_data",
    "skin_training",
    "teacher",
    "distill",
    "convert",
    "benchmarks",
    "mobile_app",
    "web_app",
    "skin_distill",
]

setup(
    name="skin-distill",
    version="0.1.0",
    description="Train, distil, verify and ship a small skin-photo triage model that runs on a phone",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.14",
    packages=[
        *find_packages(include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]),
        "skin_distill.configs",
    ],
    # Recipes live in configs/ and are installed inside skin_distill.
    package_dir={"skin_distill.configs": "configs"},
    package_data={
        "benchmarks.report": ["*.css"],
        "mobile_app.android": ["java/org/skindistill/*.java"],
        "mobile_app.android.packaging": ["images/*.png", "manifest/*.xml"],
        "skin_distill.configs": ["*.yaml"],
        "skin_data.taxonomies": ["*.yaml"],
        "triage": ["py.typed", "models/*.tflite"],
        "web_app.offline": ["*.json", "site/*"],
        "convert.verifying": ["operator_versions.csv"],
        "mobile_app": ["assets/*", "assets/*/*", "texts/*.json"],
    },
    install_requires=RUNTIME,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["skin-distill = skin_distill.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
)
