"""The teacher's backbones: one module and one line of `BACKBONES` each."""

from teacher.backbones.applications import APPLICATIONS
from teacher.backbones.backbone import Backbone
from teacher.backbones.efficientnet_lite import EFFICIENTNET_LITE
from teacher.backbones.maxvit import MAXVIT
from teacher.backbones.onnx_encoder import ONNX_ENCODER
from teacher.backbones.resnet10 import RESNET10

BACKBONES: dict[str, Backbone] = {
    **APPLICATIONS,
    **EFFICIENTNET_LITE,
    "maxvit": MAXVIT,
    "onnx": ONNX_ENCODER,
    "resnet10": RESNET10,
}
