"""The engines of a cluster, of a demo's own: a Kafka broker in memory, Redis and PostgreSQL, as `make deps` fetches them."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

from processes import Child, run

# Debian's `nobody`: PostgreSQL refuses to run as root.
NOBODY = 65534


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def libraries(root):
    """Where Debian's packages have their libraries below a folder that they were unpacked into."""
    return ":".join(str(path) for lib in ("usr/lib", "lib") for path in sorted((root / lib).glob("*-linux-gnu")))


class Engines:
    """Started when it is made; their processes end with this one."""

    def __init__(self, tools, folder, environment):
        self.tools, self.folder, self.environment = pathlib.Path(tools), pathlib.Path(folder), environment
        self.children = []
        self.kafka = self.start_kafka()
        self.redis = self.start_redis()
        self.postgres = self.start_postgres()

    def start_kafka(self):
        program = self.tools / "kafka/bin/tansu"
        if not program.exists():
            raise RuntimeError("there is no Kafka broker: run make deps")
        address = f"127.0.0.1:{free_port()}"
        self.children.append(Child(
            "Kafka broker",
            [program, "broker", "--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}",
             "--storage-engine", "memory://apus/"],
            self.environment, self.folder / "kafka.log", r"^ready in"))
        return address

    def start_redis(self):
        root = self.tools / "redis"
        program, environment = root / "usr/bin/redis-server", self.environment
        if program.exists():
            environment = environment | {"LD_LIBRARY_PATH": libraries(root)}
        elif not (program := shutil.which("redis-server")):
            raise RuntimeError("there is no redis-server: run make deps")
        port = free_port()
        folder = self.folder / "redis"
        folder.mkdir()
        self.children.append(Child(
            "Redis", [program, "--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no"],
            environment, self.folder / "redis.log", "Ready to accept connections"))
        return f"redis://127.0.0.1:{port}"

    def start_postgres(self):
        folder = self.folder / "postgresql"
        folder.mkdir()
        programs, environment = self.postgres_programs(folder)
        become = []
        if os.geteuid() == 0:
            become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            os.chown(folder, NOBODY, NOBODY)
        run([*become, programs / "initdb", f"--pgdata={folder}/data", "--username=apus", "--auth=trust", "--encoding=UTF8", "--no-locale",
             "--no-sync"], environment, 120)
        port = free_port()
        arguments = [
            *become, programs / "postgres", "-D", f"{folder}/data", "-p", port, "-k", folder, "-c", "listen_addresses=127.0.0.1",
            "-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=32MB", "-c", "log_destination=stderr",
        ]
        log = (self.folder / "postgresql.log").open("ab")
        # It says nothing on standard output, and has no line in every language by which it could be known to be ready.
        self.server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *[str(argument) for argument in arguments]], env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True)
        status = folder / "data/postmaster.pid"
        deadline = time.monotonic() + 60
        while not (status.exists() and "ready" in status.read_text()):
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.folder}/postgresql.log")
            time.sleep(0.1)
        return f"postgresql://apus@127.0.0.1:{port}/postgres"

    def postgres_programs(self, folder):
        for root in (pathlib.Path("/"), self.tools / "postgresql"):
            for programs in sorted((root / "usr/lib/postgresql").glob("*/bin"), reverse=True):
                if not (programs / "initdb").exists():
                    continue
                if root == pathlib.Path("/"):
                    return programs, self.environment
                if os.geteuid() == 0:
                    # `nobody` cannot enter a folder below root's own.
                    copy = folder / "programs"
                    shutil.copytree(root, copy, symlinks=True)
                    programs, root = copy / programs.relative_to(root), copy
                return programs, self.environment | {"LD_LIBRARY_PATH": libraries(root)}
        raise RuntimeError("PostgreSQL's programs are not there: run make deps")

    def stop(self):
        for child in self.children:
            child.kill()
        if self.server.poll() is None:
            # A fast shutdown.
            self.server.send_signal(2)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
