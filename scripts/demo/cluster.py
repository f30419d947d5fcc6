"""`make demo-cluster`: mail through a cluster whose workers are killed and added, and the account of every message.

A Kafka broker, Redis and PostgreSQL, two API processes, four workers, two movers and a publisher on loopback. Two workers are killed and
three are added while mail flows. The program exits 0 only if every message that was accepted arrived or bounced, left from an address of its pool, and no
more copies came than a kill explains.
"""

import argparse
import atexit
import base64
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import secrets
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

import processes
import screen
from engines import Engines, free_port
from screen import bold, dim, green, heading, red, say, table, yellow

ROOT = pathlib.Path(__file__).resolve().parents[2]
POOLS = {"orders": ["127.0.0.2", "127.0.0.3"], "news": ["127.0.0.4", "127.0.0.5"]}
APIS, WORKERS, MOVERS = 2, 4, 2
# One for each API process: of its generator, of that one's domains and of their far server.
LETTERS = "ab"
# SMTP connections of each worker to a far server from one address; one message of each may be doubled by a kill.
CONNECTIONS = 5
# How much has arrived when a worker is killed, when another is started.
KILLS, STARTS = (0.2, 0.45), (0.25, 0.5, 0.6)
ARRIVAL = struct.Struct("<QIHBBqQIHH16s8x")
SENT = struct.Struct("<QIHBBqqqQIHB9x")
ACCEPTED, REFUSED = 1, 2
# A flag of an arrival: no message of a generator.
FOREIGN = 8
# How long nothing may happen before the demo gives up.
PATIENCE = 120


class Records:
    """A file of 64-octet records that another process writes, read as it grows; docs in loadtest/README.md."""

    def __init__(self, path, layout):
        self.path, self.layout, self.offset = pathlib.Path(path), layout, layout.size

    def new(self):
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        whole = len(data) - len(data) % self.layout.size
        self.offset += whole
        yield from self.layout.iter_unpack(data[:whole])


class Message:
    """What is known of an accepted message with its one recipient."""

    __slots__ = ("pool", "arrivals", "refused", "deferred", "delivered_by", "bounced", "sources")

    def __init__(self):
        self.pool = None            # of the stream it was sent by; None until its call was answered
        self.arrivals = 0
        self.refused = False
        self.deferred = 0
        self.delivered_by = []      # host names of workers, one a Delivery event
        self.bounced = False        # by an event
        self.sources = set()        # addresses that it came from

    @property
    def has_ended(self):
        return self.arrivals > 0 or self.refused


class Events(threading.Thread):
    """`apus events tail --follow`, as it prints."""

    ADDRESS = re.compile(r"u(\d+)\.0@[^.]+\.([ab])\.example")

    def __init__(self, program, settings, environment, log):
        super().__init__(daemon=True)
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", str(program), "events", "tail", "--from-start", "--follow", "--config", str(settings)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self.outcomes = []          # (generator, sequence, type, host name)
        self.last = time.monotonic()
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.last = time.monotonic()
            if b'"eventType":"Delivery"' not in line and b'"eventType":"Bounce"' not in line:
                continue
            event = json.loads(line)
            kind = event["eventType"]
            body = event[kind.lower()]
            addresses = body["recipients"] if kind == "Delivery" else [entry["emailAddress"] for entry in body["bouncedRecipients"]]
            for address in addresses:
                if match := self.ADDRESS.search(address):
                    self.outcomes.append((match[2], int(match[1]), kind, body.get("reportingMTA", "")))


class ClusterDemo:
    def __init__(self, arguments):
        self.arguments = arguments
        binaries = arguments.bin.resolve()
        self.apus, self.loadtest = binaries / "apus", binaries / "apus-loadtest"
        for program in (self.apus, self.loadtest):
            if not program.exists():
                sys.exit(f"{program} is not there: run make build")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-demo-cluster-"))
        self.folder.chmod(0o755)
        (self.folder / "home").mkdir()
        processes.isolate(self.folder / "home")
        self.environment = processes.clean_environment(self.folder / "home")
        self.settings = self.folder / "apus.json"
        self.engines = None
        self.children = {}
        # Children die with the thread that started them: these threads stay.
        self.starters = concurrent.futures.ThreadPoolExecutor(APIS + WORKERS + MOVERS + 1)
        self.killed = []
        self.messages = collections.defaultdict(Message)
        self.seen = collections.Counter()
        self.failures = []
        atexit.register(self.clean_up)

    # The cast

    def start_far_side(self):
        """A far server for the domains of each generator: a refused recipient's record does not say which run it was of."""
        rules = [
            {"name": "full", "stage": "rcpt", "recipient": "full-*", "reply": "552 5.2.2 Mailbox full"},
            {"name": "busy", "stage": "rcpt", "recipient": "busy-*", "per": "recipient", "first": 1, "reply": "451 4.7.1 Try again later"},
            {"name": "far", "stage": "dot", "delayMilliseconds": 20},
        ]
        (self.folder / "rules.json").write_text(json.dumps({"rules": rules}))
        self.sinks, self.arrivals = {}, {}
        for letter in LETTERS:
            record = self.folder / f"arrivals-{letter}.bin"
            self.sinks[letter] = processes.Child(
                f"sink {letter}",
                [self.loadtest, "sink", "--listen", "127.0.0.1:0", "--respond", self.folder / "rules.json", "--record", record],
                self.environment, self.folder / f"sink-{letter}.log", r"ready.*?:(\d+)\b")
            self.arrivals[letter] = Records(record, ARRIVAL)

    def write_settings(self):
        settings = {
            "kafka": {"brokers": [self.engines.kafka], "replicas": 1, "minimumInSyncReplicas": 1, "allowUnsafeReplicas": True,
                      # A killed worker's partitions go to others after this.
                      "sessionTimeout": "6s"},
            "redis": {"url": self.engines.redis}, "postgres": {"url": self.engines.postgres},
            "security": {"masterKey": base64.b64encode(secrets.token_bytes(32)).decode()},
            "sending": {"domain": "mail.apus.example"}, "accounts": {"maximumSendRate": 1_000_000},
            "log": {"level": "warning"},
            "delivery": {
                "connectionsPerSite": CONNECTIONS, "tls": "none",
                "routes": [f"*.{letter}.example=127.0.0.1:{sink.ready[1]}" for letter, sink in self.sinks.items()], "allowLoopback": True,
                # Nobody listens there: the demo asks no resolver.
                "dns": {"servers": ["127.0.0.1@9"], "validation": "off"},
                "retry": {"intervals": ["1s", "2s", "5s"], "jitter": 0, "tiers": ["500ms", "1s", "2s", "5s", "10s", "30s", "60s"]},
            },
        }
        with os.fdopen(os.open(self.settings, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(settings, file)

    def command(self, *arguments):
        return processes.run([self.apus, *arguments, "--config", self.settings], self.environment, 120)

    def serve(self, name, role, *more):
        environment = self.environment
        if role == "worker":
            environment = environment | {"APUS_DELIVERY_EHLO": f"{name}.apus.example"}
        self.children[name] = processes.Child(
            name, [self.apus, "serve", "--roles", role, "--config", self.settings, *more], environment, self.folder / f"{name}.log",
            r"^apus: ready")

    def start_cluster(self):
        self.ports = [free_port() for _ in range(APIS)]
        starts = [(f"api-{n + 1}", "api", "--http", f"127.0.0.1:{port}") for n, port in enumerate(self.ports)]
        starts += [(f"worker-{n + 1}", "worker") for n in range(WORKERS)]
        starts += [(f"mover-{n + 1}", "mover") for n in range(MOVERS)]
        starts += [("publisher-1", "publisher")]
        for result in [self.starters.submit(self.serve, *start) for start in starts]:
            result.result()

    def prepare(self):
        import boto3
        self.key = json.loads(self.command("keys", "create", "--json"))
        self.command("identities", "create", "shop.example", "--verified")
        ses = boto3.client(
            "sesv2", endpoint_url=f"http://127.0.0.1:{self.ports[0]}", region_name="us-east-1",
            aws_access_key_id=self.key["AccessKeyId"], aws_secret_access_key=self.key["SecretAccessKey"])
        for pool, addresses in POOLS.items():
            self.command("pools", "create", pool)
            self.command("pools", "addresses", pool, *[word for address in addresses for word in ("--add", address)])
            ses.create_configuration_set(ConfigurationSetName=pool, DeliveryOptions={"SendingPoolName": pool})
        self.events = Events(self.apus, self.settings, self.environment, (self.folder / "events.log").open("ab"))

    def start_generators(self):
        """One at each API process, with half of the messages and of the domains."""
        environment = self.environment | {
            "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"]}
        self.generators, self.sent = [], {}
        share = self.arguments.messages // (APIS * len(POOLS))
        domains = max(self.arguments.domains // APIS, 1)
        for number, port in enumerate(self.ports):
            letter = LETTERS[number]
            plan = {"run": 1 + number, "streams": [
                {"name": pool, "messages": share, "concurrency": 8, "size": "4k", "kinds": {"full": 0.02, "busy": 0.05},
                 "configurationSets": {pool: 1}, "from": f"{pool}@shop.example",
                 "domains": {"others": domains, "other": f"d*.{letter}.example"}} for pool in POOLS]}
            path = self.folder / f"plan-{letter}.json"
            path.write_text(json.dumps(plan))
            record = self.folder / f"sent-{letter}.bin"
            log = (self.folder / f"generate-{letter}.log").open("ab")
            self.generators.append(subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(self.loadtest), "generate", "--ses", f"http://127.0.0.1:{port}", "--plan", str(path),
                 "--record", str(record)], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
            self.sent[letter] = Records(record, SENT)

    # The play

    def read(self):
        """Takes in what was recorded since; whether there was something."""
        before = sum(self.seen.values())
        pools = list(POOLS)
        for letter, records in self.sent.items():
            for sequence, _, _, outcome, stream, *_ in records.new():
                if outcome == ACCEPTED:
                    self.messages[letter, sequence].pool = pools[stream]
                    self.seen["accepted"] += 1
                else:
                    self.seen["refused" if outcome == REFUSED else "unanswered"] += 1
        for letter, records in self.arrivals.items():
            for sequence, _, _, kind, flags, *_, source in records.new():
                if flags & FOREIGN:
                    self.seen["strangers"] += 1
                    continue
                message = self.messages[letter, sequence]
                if kind == ACCEPTED:
                    message.arrivals += 1
                    self.seen["copies" if message.arrivals > 1 else "delivered"] += 1
                elif kind == REFUSED:
                    self.seen["bounced"] += not message.refused
                    message.refused = True
                else:
                    message.deferred += 1
                    self.seen["deferrals"] += 1
                message.sources.add(".".join(str(octet) for octet in source[-4:]))
        return sum(self.seen.values()) != before

    def play(self):
        total = self.arguments.messages // (APIS * len(POOLS)) * APIS * len(POOLS)
        kills, starts = list(KILLS), list(STARTS)
        started = last_change = time.monotonic()
        last_line, last_delivered = started, 0
        number, added = WORKERS, []
        while True:
            now = time.monotonic()
            if self.read():
                last_change = now
            ended = self.seen["delivered"] + self.seen["bounced"]
            for generator in self.generators:
                if generator.poll() not in (None, 0):
                    raise RuntimeError(f"a generator ended with {generator.returncode}: {self.folder}/generate-*.log")
            if kills and ended > kills[0] * total:
                kills.pop(0)
                victim = f"worker-{len(self.killed) + 1}"
                self.children[victim].kill()
                self.killed.append(victim)
                self.note(yellow(f"kill -9 {victim}"))
            if starts and ended > starts[0] * total:
                starts.pop(0)
                number += 1
                name = f"worker-{number}"
                added.append(self.starters.submit(self.serve, name, "worker"))
                self.note(f"another worker is started: {name}")
            every = 1 if screen.COLOUR else 5
            if now - last_line >= every:
                rate = (self.seen["delivered"] - last_delivered) / (now - last_line)
                self.progress(now - started, rate)
                last_line, last_delivered = now, self.seen["delivered"]
            is_sent = all(generator.poll() == 0 for generator in self.generators)
            if is_sent and ended >= self.seen["accepted"] and now - last_change > 2:
                break
            if now - last_change > PATIENCE:
                self.fail(f"nothing has happened for {PATIENCE} s, and {self.seen['accepted'] - ended} messages have not ended")
                break
            time.sleep(0.1)
        self.progress(time.monotonic() - started, 0)
        say()
        for result in added:
            result.result()
        self.seconds = last_change - started

    def alive(self):
        return sum(child.running() for name, child in self.children.items() if name.startswith("worker"))

    def progress(self, seconds, rate):
        waiting = self.seen["accepted"] - self.seen["delivered"] - self.seen["bounced"]
        line = (f"    {seconds:4.0f} s  accepted {self.seen['accepted']:6,}  delivered {self.seen['delivered']:6,}  bounced {self.seen['bounced']:5,}  "
                f"deferrals {self.seen['deferrals']:5,}  waiting {max(waiting, 0):6,}  {rate:5.0f}/s  workers {self.alive()}")
        if screen.COLOUR:
            sys.stdout.write(f"\r\x1b[K{line}")
            sys.stdout.flush()
        else:
            say(line)

    def note(self, text):
        if screen.COLOUR:
            sys.stdout.write("\r\x1b[K")
        say(f"    {text}")

    # The account

    def wait_for_events(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (time.monotonic() - self.events.last < 3 or not self.events.outcomes):
            time.sleep(0.2)
        for letter, sequence, kind, host in list(self.events.outcomes):
            message = self.messages[letter, sequence]
            if kind == "Delivery":
                message.delivered_by.append(host.split(".")[0])
            else:
                message.bounced = True

    def wait_for_queue(self):
        """Copies and what is in doubt may wait still."""
        deadline = time.monotonic() + 60
        waiting = None
        while time.monotonic() < deadline:
            waiting = sum(topic["waiting"] for topic in json.loads(self.command("queue", "--json"))["topics"])
            if waiting == 0:
                return
            time.sleep(0.5)
        self.fail(f"{waiting} records still wait: apus queue")

    def account(self):
        pools = {pool: collections.Counter() for pool in POOLS}
        workers = {name: collections.Counter() for name in sorted(self.children, key=lambda name: (len(name), name)) if name.startswith("worker")}
        for message in self.messages.values():
            for name in set(message.delivered_by):
                workers.setdefault(name, collections.Counter())["delivered"] += 1
            if message.pool is None:
                continue
            count = pools[message.pool]
            count["accepted"] += 1
            count["delivered"] += message.arrivals > 0
            count["bounced"] += message.refused and not message.arrivals
            count["deferred"] += message.deferred > 0
            count["doubled"] += max(message.arrivals - 1, 0)
            count["lost"] += not message.has_ended
            count["strange"] += not message.sources <= set(POOLS[message.pool])
            # Every arrival has its event, every refusal too.
            count["misreported"] += (message.arrivals > 0) != bool(message.delivered_by) or (message.refused and not message.arrivals) != message.bounced
        headings = ["accepted", "delivered", "bounced", "lost", "doubled", "deferred once or more"]
        keys = ["accepted", "delivered", "bounced", "lost", "doubled", "deferred"]
        rows = [[pool, ", ".join(POOLS[pool]), *[count[key] for key in keys]] for pool, count in pools.items()]
        total = sum(pools.values(), collections.Counter())
        table(["pool", "addresses", *headings], rows, ["", "", *[total[key] for key in keys]])
        say()
        rows = [[name, "killed" if name in self.killed else "added" if int(name.split("-")[1]) > WORKERS else "", count["delivered"]]
                for name, count in workers.items()]
        table(["worker", "", "delivered, by events"], rows, ["", "", sum(row[2] for row in rows)])
        say()
        lanes = len(LETTERS) * sum(len(addresses) for addresses in POOLS.values())
        allowed = len(self.killed) * CONNECTIONS * lanes
        self.check(total["lost"] == 0, "every accepted message arrived or bounced", f"{total['lost']} messages are lost")
        self.check(total["doubled"] <= allowed,
                   f"{total['doubled']} copies; one for each of {CONNECTIONS * lanes} connections of {len(self.killed)} killed workers is allowed",
                   f"{total['doubled']} copies, and killed workers explain {allowed}")
        self.check(total["strange"] == 0, "each left from an address of its pool", f"{total['strange']} left from an address of another pool")
        self.check(total["misreported"] == 0, "each has the event that belongs to it", f"the events of {total['misreported']} are not what happened")
        self.check(self.seen["refused"] == 0 and self.seen["strangers"] == 0, "no call was refused, and nothing strange arrived",
                   f"{self.seen['refused']} calls were refused, {self.seen['strangers']} strangers arrived")
        if self.seen["unanswered"]:
            say(f"    {self.seen['unanswered']} calls got no answer: whether these are accepted nobody was told")

    def check(self, holds, good, bad):
        if holds:
            say(f"    {green('✓')} {good}")
        else:
            self.fail(bad)

    def fail(self, text):
        self.failures.append(text)
        say(f"    {red('✗')} {text}")

    def stop(self):
        for role in ("api", "worker", "mover", "publisher"):
            children = [(name, child) for name, child in self.children.items() if name.startswith(role) and child.running()]
            for result in [self.starters.submit(self.stop_one, name, child) for name, child in children]:
                result.result()

    def stop_one(self, name, child):
        if not child.stop(60):
            self.fail(f"{name} did not end by itself at SIGTERM: {child.log}")

    def clean_up(self):
        for child in [*self.children.values(), *getattr(self, "sinks", {}).values()]:
            if child.running():
                child.kill()
        for process in [*getattr(self, "generators", []), *([self.events.process] if hasattr(self, "events") else [])]:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.engines:
            self.engines.stop()
        if self.arguments.keep or self.failures:
            say(dim(f"    logs and records are kept: {self.folder}"))
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self):
        heading(1, "Engines, and a cluster on them")
        self.start_far_side()
        self.engines = Engines(ROOT / ".build-tools", self.folder, self.environment)
        self.write_settings()
        say("    " + self.command("cluster", "init").strip().replace("\n", "\n    "))
        self.start_cluster()
        self.prepare()
        say(f"    {APIS} API processes, {WORKERS} workers, {MOVERS} movers, 1 publisher; Kafka at {self.engines.kafka}, {self.engines.redis}, PostgreSQL")
        for pool, addresses in POOLS.items():
            say(f"    pool {pool}: mail of the configuration set {pool} leaves from {', '.join(addresses)}")
        heading(2, f"{self.arguments.messages:,} messages to {self.arguments.domains} domains, while workers are killed and added")
        self.start_generators()
        self.play()
        self.wait_for_queue()
        self.wait_for_events()
        self.read()
        heading(3, "Every message")
        self.account()
        heading(4, "A graceful stop")
        self.stop()
        ended = self.seen["delivered"] + self.seen["bounced"]
        if self.failures:
            say(red(f"    {len(self.failures)} of this does not hold."))
            return 1
        say(f"    {bold('All holds.')} {ended:,} messages in {self.seconds:.0f} s, load, far server and all engines on this one machine.")
        return 0


def main():
    parser = argparse.ArgumentParser(prog="make demo-cluster", description="A cluster on this machine, with workers that are killed and added.")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build/release", help="folder of the executables")
    parser.add_argument("--messages", type=int, default=50_000, help="how many; default 50,000")
    parser.add_argument("--domains", type=int, default=200, help="recipients' domains; default 200")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and records")
    arguments = parser.parse_args()
    if not 100 <= arguments.messages <= 1_000_000 or not 2 <= arguments.domains <= 10_000:
        parser.error("--messages takes 100 to 1,000,000, --domains 2 to 10,000")
    try:
        status = ClusterDemo(arguments).run()
    except KeyboardInterrupt:
        status = 130
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        say(red(f"    {error}"))
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
