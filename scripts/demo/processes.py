"""The demo's children: an environment of their own, one ready line, logs kept, none left behind."""

import ctypes
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def clean_environment(home, **extra):
    """Nothing of the user's AWS profile, proxies or Python reaches a child: an SDK here can only talk to Apus."""
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {
        "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "", "NO_PROXY": "*", "no_proxy": "*",
    }
    return environment | {name: str(value) for name, value in extra.items()}


def isolate(home):
    """The same for this process, before boto3 is imported."""
    keep = clean_environment(home)
    for name in list(os.environ):
        if name.upper().startswith("AWS_") or name.upper().endswith("_PROXY") or name.upper().startswith("BOTO"):
            del os.environ[name]
    os.environ.update(keep)


def _end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A long-lived process. `ready` is a pattern for the line by which it says where it listens."""

    def __init__(self, name, arguments, environment, log, ready):
        self.name = name
        self.log = pathlib.Path(log)
        self.arguments = [str(argument) for argument in arguments]
        self.lines = []
        self._errors = self.log.open("ab")
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, env=environment,
            start_new_session=True, preexec_fn=_end_with_parent,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready = self._wait_for(re.compile(ready), 30)

    def _read(self):
        for raw in self.process.stdout:
            with self._changed:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                del self.lines[:-1000]
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def _wait_for(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines:
                    if match := pattern.search(line):
                        return match
                if self.process.poll() is not None or time.monotonic() > deadline:
                    how = "ended" if self.process.poll() is not None else f"said nothing for {seconds} s"
                    raise RuntimeError(f"{self.name} {how} before it was ready; {self.log}:\n{self.last_words()}")
                self._changed.wait(0.2)

    def last_words(self, lines=20):
        self._errors.flush()
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([*self.lines[-5:], *text[-lines:]])

    def running(self):
        return self.process.poll() is None

    def kill(self):
        """SIGKILL: no last act of any kind."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM; True when it ended by itself in time, with 0."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return False
        return self.process.returncode == 0


def run(arguments, environment, seconds=30):
    """A short command's output; raises with what it said when it fails."""
    done = subprocess.run(
        [str(argument) for argument in arguments], env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise RuntimeError(f"{' '.join(str(argument) for argument in arguments[:4])} …: exit {done.returncode}: {said}")
    return done.stdout.decode()
