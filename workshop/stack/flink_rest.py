"""The few calls of Flink's REST API that it takes to run one job."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import requests

ENTRY_CLASS = "org.apache.flink.statefun.flink.core.StatefulFunctionsJob"


class FlinkRest:
    """A client for the JobManager at ``http://127.0.0.1:port``.

    Every call raises ``requests.RequestException`` when the JobManager does not answer, or answers
    with an error.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def get(self, path: str) -> Any:
        """Return what the API answers to a GET of ``path``."""
        return self._answer(self._session.get(self.url + path, timeout=10))

    def submit(self, restore: str | None, parallelism: int) -> str:
        """Submit the job and return its id.

        Parameters
        ----------
        restore
            The checkpoint or savepoint to start from, or None to start from scratch.
        parallelism
            How many copies of every task run. A job that is submitted this way ignores
            ``parallelism.default``.
        """
        # Flink wants a jar, but all classes are on its class path already: an empty one will do.
        jar = io.BytesIO()
        with zipfile.ZipFile(jar, "w") as archive:
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        upload = self._session.post(
            self.url + "/jars/upload",
            files={"jarfile": ("statefun.jar", jar.getvalue(), "application/x-java-archive")},
            timeout=30,
        )
        jar_id = self._answer(upload)["filename"].rpartition("/")[2]
        run: dict[str, Any] = {"entryClass": ENTRY_CLASS, "parallelism": parallelism}
        if restore is not None:
            # A module that lost a function still restores what the others remember.
            run |= {"savepointPath": restore, "allowNonRestoredState": True}
        job: str = self._answer(
            self._session.post(f"{self.url}/jars/{jar_id}/run", json=run, timeout=60)
        )["jobid"]
        self._session.delete(f"{self.url}/jars/{jar_id}", timeout=10)
        return job

    def cancel(self, job: str) -> None:
        """Cancel a job; its newest checkpoints stay."""
        self._answer(self._session.patch(f"{self.url}/jobs/{job}?mode=cancel", timeout=10))

    def _answer(self, response: requests.Response) -> Any:
        if response.status_code >= 400:
            errors = response.json().get("errors", [response.text])
            reason = "\n".join(str(error) for error in errors)
            raise requests.HTTPError(reason, response=response)
        return response.json()
