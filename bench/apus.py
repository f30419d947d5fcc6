"""An Apus of its own for the benchmark: default settings but for what its text says."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from processes import Process, cpu_seconds, resident_bytes

READY = re.compile(r"^apus: ready http=(\S+):(\d+)", re.MULTILINE)


def environment():
    """The caller's, without variables that would be settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("APUS_")}


class Apus:
    def __init__(self, program, folder, sink, concurrency, sign, domain="bench.example"):
        self.program, self.folder, self.domain = pathlib.Path(program), pathlib.Path(folder), domain
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.sign = sign
        self.settings = {
            "sending": {"domain": "apus.bench.example"},
            "accounts": {"maximumSendRate": 1_000_000},
            "delivery": {
                "tls": "none", "connectionsPerSite": concurrency, "messagesPerConnection": 10_000,
                "routes": [f"*={sink[0]}:{sink[1]}"],
            },
            "log": {"level": "notice"},
        }

    def start(self):
        settings = self.folder / "apus.json"
        settings.write_text(json.dumps(self.settings))
        self.process = Process(
            [self.program, "serve", "--data", self.data, "--http", "127.0.0.1:0", "--config", settings], self.folder / "apus.log", environment())
        ready = self.process.expect(lambda: READY.search(self.process.output()), 30, "Apus's start")
        self.address = (ready[1], int(ready[2]))
        key = json.loads(self._command("keys", "create", "--json"))
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]
        self._command("identities", "create", self.domain, "--verified")

    def _command(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--data", self.data], capture_output=True, text=True, check=False,
                              env=environment())
        if done.returncode:
            raise RuntimeError(f"apus {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def records(self):
        """What `identities records` prints, for verifying a signature."""
        return self._command("identities", "records", self.domain)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_bytes(self):
        return resident_bytes(self.process.pid)

    def stop(self):
        if hasattr(self, "process"):
            self.process.stop(30)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
