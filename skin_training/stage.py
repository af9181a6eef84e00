"""The life cycle of one stage of a run (teacher, distill, convert): start, resume, finish, clean up."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skin_data.manifest import Manifest
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput

log = logging.getLogger("skin_distill")


@dataclass
class Stage:
    """One section of a run's report, and everything on disk that leads to it.

    Made by `RunFolder.stage` and used as a context manager:

        with run.stage("teacher", key, config, manifest=manifest) as stage:
            if stage.finished:
                return stage.report          # made by an earlier call with the same key
            ...                              # checks that can refuse; nothing is written yet
            stage.begin()                    # writes config.yaml and environment.json
            ...                              # train with the checkpoint stage.run.checkpoint("teacher")
            return stage.finish(section)     # writes weights.txt and the report's section, with its `key`

    Entering removes files that a killed process left half-written and looks for the section in report.json:

    - its key is `key` or one of `accepts`: the stage is `finished`, and `report` is the section;
    - its key is one of `extends`: `earlier` is the section, and the stage completes it;
    - it has another key: UnusableInput;
    - there is none, but an unfinished training of another config: UnusableInput.

    An unfinished training of the same config is resumed from its checkpoint. Leaving without an error when `finished`
    writes the model card and removes checkpoints; an error leaves the checkpoints for the next call.

    A stage with many results, such as the files of `convert`, is `incremental`: it `save`s after each result, `report`
    is what an earlier call with the same key saved, and a section with another key is replaced. Such a stage decides
    itself what is missing; `finished` stays false until `finish`.

    Attributes:
        run: where to write; a private copy of the run where `writes` is false.
        section: its name in report.json.
        key: JSON-able; everything that the result depends on.
        config: JSON-able sections of config.yaml that the result depends on, for `begin`. Empty for a stage that leaves
            config.yaml and environment.json as they are.
        accepts: other keys of sections that contain everything this stage would produce.
        extends: keys of sections that this stage completes.
        manifest: the data set. A finished section with a `test` must have its classes.
        checkpoints: what the names of the stage's checkpoints begin with, such as "student". Empty for a stage that
            keeps its checkpoints, if any, and does not change the card.
        incremental: see above.
        writes: false in a process that trains along but must not write to the run.
        finished: whether the section is complete.
        report: the section of the report with this key; empty where there is none yet.
        earlier: the section that this stage extends, or None.
    """

    run: RunFolder
    section: str
    key: Mapping[str, Any]
    config: Mapping[str, Any]
    accepts: Sequence[Mapping[str, Any]]
    extends: Sequence[Mapping[str, Any]]
    manifest: Manifest | None
    checkpoints: str
    incremental: bool
    writes: bool
    finished: bool = False
    report: dict[str, Any] = field(default_factory=dict)
    earlier: dict[str, Any] | None = None

    def __enter__(self) -> "Stage":
        """Find out what is done already; raise UnusableInput where the run belongs to something else."""
        self.run.remove_abandoned()
        self._find()
        if self.finished:
            log.info("%s: run '%s' is finished already", self.section, self.run.name)
        else:
            self._check_unfinished()
        if not self.writes:
            self.run = self.run.private_copy()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Write the card and remove checkpoints of a finished stage, also where a kill came before these."""
        if kind is None and self.finished and self.checkpoints and self.writes:
            from skin_training.run_card import write_card

            write_card(self.run)
            self.run.remove_checkpoints(self.checkpoints)

    def begin(self, **further: Any) -> None:
        """Write config.yaml and environment.json: from here on, another recipe is refused.

        Args:
            further: sections of config.yaml that the stage does not depend on.
        """
        self.run.write_config({**self.config, **further})
        self.run.write_environment()

    def save(self, section: Mapping[str, object]) -> dict[str, Any]:
        """Write the section and its key to the report; return both together. The stage goes on."""
        self.report = self.run.update_report(self.section, {"key": self.key, **section})
        return self.report

    def finish(self, section: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Write weights.txt, then the section like `save`; None keeps what was saved. Return the section."""
        self.run.record_weights()
        if section is not None:
            self.save(section)
        self.finished = True
        return self.report

    def _find(self) -> None:
        found = self.run.read_report().get(self.section) if self.run.report_path.is_file() else None
        if found is None:
            return
        key, accepts, extends = json.loads(json.dumps([self.key, list(self.accepts), list(self.extends)]))
        if self.incremental:
            self.report = dict(found) if found.get("key") == key else {}
        elif found.get("key") in (key, *accepts):
            self.finished, self.report = True, dict(found)
            if self.manifest is not None and "test" in found:
                classes = found["test"]["confusion"]["classes"]
                self.manifest.check_classes(classes, f"The {self.section} stage of run '{self.run.name}'")
        elif found.get("key") in extends:
            self.earlier = dict(found)
        else:
            raise UnusableInput(
                f"Run '{self.run.name}' was made with another recipe, data set or teacher and is kept. "
                f"Received: {self.run.report_path}. Choose another --run name."
            )

    def _check_unfinished(self) -> None:
        """Raise where a checkpoint exists and config.yaml differs from what `begin` would write."""
        begun = self.run.checkpoints(self.checkpoints) if self.checkpoints else []
        if not begun or not self.run.config_path.is_file():
            return
        known = self.run.read_config()
        for section, target in json.loads(json.dumps(self.config)).items():
            if section in known and known[section] != target:
                raise UnusableInput(
                    f"Run '{self.run.name}' was begun with another recipe, data set or teacher ('{section}' differs) "
                    f"and is kept. Received: {self.run.config_path}. Choose another --run name, or remove {begun[0]} "
                    "to start again."
                )
