from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageIds:
    job: str
    run: str
    stage: str

    def fields(self) -> dict[str, str]:
        return {"job": self.job, "run": self.run, "stage": self.stage}
