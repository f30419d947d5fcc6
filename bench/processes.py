"""Processes of the benchmark: started with their output in a file, stopped with all their children, their CPU time read from /proc."""

import os
import pathlib
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid):
    """(parent, own CPU seconds, CPU seconds of children it has waited for), or None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2:].split()
    user, system, children_user, children_system = (int(value) for value in fields[11:15])
    return int(fields[1]), (user + system) / TICKS, (children_user + children_system) / TICKS


def tree(root):
    """The process and its living descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := stat(int(entry))):
            parents.setdefault(found[0], []).append(int(entry))
    pids, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        pids.append(pid)
        waiting += parents.get(pid, [])
    return pids


def cpu_seconds(root):
    """CPU time of a process and all its descendants, those that have ended included. Exact as long as ended processes were
    waited for by their parents, which Postfix's master and every shell does."""
    total = 0.0
    for pid in tree(root):
        if found := stat(pid):
            total += found[1] + found[2]
    return total


def resident_bytes(root):
    """Resident memory of the tree; pages that processes share are counted for each."""
    total = 0
    for pid in tree(root):
        try:
            total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def wait_until(condition, seconds, what, interval=0.02):
    """Asks until the condition gives something true, which is returned; raises with `what` after the time given."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(interval)


class Process:
    """A child in a session of its own; `log` keeps what it says."""

    def __init__(self, arguments, log, environment=None, folder=None):
        self.log = pathlib.Path(log)
        self.arguments = [str(argument) for argument in arguments]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder,
                start_new_session=True,
            )
        self.pid = self.process.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def expect(self, condition, seconds, what):
        """Waits for a condition while the process lives."""
        def check():
            if not self.running():
                raise RuntimeError(f"{what}: {self.arguments[0]} ended with {self.process.returncode}:\n{self.output()[-2000:]}")
            return condition()
        try:
            return wait_until(check, seconds, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.output()[-2000:]}") from None

    def stop(self, seconds=30):
        """SIGTERM, then after the time given SIGKILL to the whole session."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
