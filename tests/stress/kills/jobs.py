"""The commands that can be killed, by name; each is imported when it is asked for."""

from tests.noise_data import TINY
from tests.stress.kills.job import Job

JOBS = ("prepare", "phantoms", "teacher", "distill", "convert", "best")


def make_job(what: str, backbone: str = TINY) -> Job:
    """Return a job by its name.

    Args:
        what: one of `JOBS`.
        backbone: of the teacher, or of the student that is distilled or converted: tiny, or a real one's name.
    """
    if what in ("prepare", "phantoms"):
        from tests.stress.kills.prepare_job import PrepareJob

        return PrepareJob("phantom" if what == "phantoms" else "folder")
    if what == "teacher":
        from tests.stress.kills.teacher_job import TeacherJob

        return TeacherJob(backbone)
    if what == "distill":
        from tests.stress.kills.distill_job import DistillJob

        return DistillJob(backbone)
    from tests.stress.kills.convert_job import BestJob, ConvertJob

    return BestJob(backbone) if what == "best" else ConvertJob(backbone)
