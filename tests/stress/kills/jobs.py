"""The commands that can be killed, by name; each is imported when it is asked for."""

from tests.noise_data import TINY
from tests.stress.kills.job import Job

JOBS = ("prepare", "phantoms", "teacher", "distill", "convert", "best")


def make_job(what: str, backbone: str = TINY) -> Job:
    """Return one of `JOBS`; `backbone` of the teacher or student: tiny, or a real one's name."""
    if what in ("prepare", "phantoms"):
        from tests.stress.kills.prepare_job import PrepareJob

        return PrepareJob("phantom" if what == "phantoms" else "folder")
    from tests.stress.kills import training_jobs

    kinds = {
        "teacher": training_jobs.TeacherJob,
        "distill": training_jobs.DistillJob,
        "convert": training_jobs.ConvertJob,
        "best": training_jobs.BestJob,
    }
    return kinds[what](backbone)
