"""The student's backbones: one module and one line of `BACKBONES` each."""

from distill.backbones.efficientnet_lite0 import EFFICIENTNET_LITE0
from distill.backbones.mobilenet_v3_small import MOBILENET_V3_SMALL
from distill.backbones.student_backbone import StudentBackbone

BACKBONES: dict[str, StudentBackbone] = {
    "mobilenetv3small": MOBILENET_V3_SMALL,
    "efficientnet_lite0": EFFICIENTNET_LITE0,
}
