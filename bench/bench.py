#!/usr/bin/env python3
"""Messages a second and CPU per message, from the entrance to the far server, beside Postfix.

Each round runs every contender once, in turn, with a fresh queue on the same disk and a fresh sink; the medians of the rounds are
compared. A message counts when the sink has answered its final dot. Load client and sink are separate processes whose CPU time is
shown but not counted; they take their share of the same cores from every contender.
"""

import argparse
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import generate
import hop
import postfix
from apus import Apus
from processes import cpu_seconds, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent
SENDER, RECIPIENT = "sender@bench.example", "recipient@sink.example"
COUNTED = re.compile(rb"mesg=(\d+)\s*$")


def message(size):
    """A text message of that many bytes in lines of 76."""
    head = (f"From: Bench <{SENDER}>\r\nTo: {RECIPIENT}\r\nSubject: A message of {size} bytes\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=us-ascii\r\n\r\n").encode()
    line = b"The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n"
    return head + (line * (size // len(line) + 1))[:size - len(head) - 2] + b"\r\n"


class Sink:
    """Debian's smtp-sink, a process of nobody's: neither contender's own."""

    name = "Debian's smtp-sink"

    def __init__(self, folder):
        self.port = postfix.free_port()
        self.process = postfix.smtp_sink(self.port, pathlib.Path(folder) / "sink.log")
        self.process.expect(lambda: postfix.answers(self.port), 10, "the sink's start")
        self.log = self.process.log

    def count(self):
        with self.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 200))
            found = COUNTED.search(log.read())
        return int(found[1]) if found else 0

    def stop(self):
        self.process.stop(2)


class Result:
    """One run of one contender."""

    def __init__(self, count, accepted, delivered, cpu, sink_cpu, client_cpu, latencies):
        self.accepted_rate = count / accepted
        self.rate = count / delivered
        self.cpu = cpu / count * 1e6
        self.sink_cpu = sink_cpu / count * 1e6
        self.client_cpu = client_cpu / count * 1e6
        self.latencies = sorted(latencies)


def run_apus(options, folder, sink):
    server = Apus(options.bin / "apus", folder, ("127.0.0.1", sink.port), options.connections, sign=True)
    try:
        server.start()
        host = "%s:%d" % server.address
        request = generate.send_email(host, SENDER, RECIPIENT, message(options.size), server.key, server.secret)
        generate.run(server.address, request, options.warm_up, options.concurrency)
        wait_until(lambda: sink.count() >= options.warm_up, 60, "the warm-up's delivery")
        cpu, sink_cpu, client = server.cpu_seconds(), cpu_seconds(sink.process.pid), time.process_time()
        begin = time.monotonic()
        accepted, latencies, ids = generate.run(server.address, request, options.messages, options.concurrency)
        client = time.process_time() - client
        wait_until(lambda: sink.count() >= options.warm_up + options.messages, 300, "the delivery of all messages", 0.005)
        delivered = time.monotonic() - begin
        if len(set(ids)) != options.messages:
            raise RuntimeError(f"{len(set(ids))} different MessageIds for {options.messages} messages")
        return Result(options.messages, accepted, delivered, server.cpu_seconds() - cpu, cpu_seconds(sink.process.pid) - sink_cpu,
                      client, latencies)
    finally:
        server.stop()
        server.remove()


def run_postfix(options, folder, sink, sign):
    key = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout if sign else None
    server = postfix.Postfix(folder, ("127.0.0.1", sink.port), options.connections, sign, key)
    try:
        server.start()

        def load(count):
            source = postfix.smtp_source(server.port, count, options.size, options.concurrency, SENDER, RECIPIENT, folder / "source.log")
            before = os.times().children_user + os.times().children_system
            if source.process.wait() != 0:
                raise RuntimeError(f"smtp-source: {source.output()}")
            return os.times().children_user + os.times().children_system - before
        load(options.warm_up)
        wait_until(lambda: sink.count() >= options.warm_up and server.waiting() == 0, 60, "the warm-up's delivery")
        cpu, sink_cpu = server.cpu_seconds(), cpu_seconds(sink.process.pid)
        begin = time.monotonic()
        client = load(options.messages)
        accepted = time.monotonic() - begin
        wait_until(lambda: sink.count() >= options.warm_up + options.messages, 300, "the delivery of all messages", 0.005)
        delivered = time.monotonic() - begin
        # The last queue files are removed after the sink has answered; that work belongs to these messages too.
        wait_until(lambda: server.waiting() == 0, 60, "an empty queue")
        return Result(options.messages, accepted, delivered, server.cpu_seconds() - cpu, cpu_seconds(sink.process.pid) - sink_cpu,
                      client, [])
    finally:
        server.stop()
        server.remove()


def contenders(options):
    found = {}
    if (options.bin / "apus").exists():
        found["Apus"] = run_apus
    elif not options.only_postfix:
        sys.exit(f"{options.bin / 'apus'} is not there: run make build")
    reason = postfix.unavailable()
    if reason:
        print(f"Postfix is not measured: {reason}")
    else:
        found["Postfix"] = lambda *arguments: run_postfix(*arguments, sign=False)
        found["Postfix + OpenDKIM"] = lambda *arguments: run_postfix(*arguments, sign=True)
    return found


def sync_rate(folder):
    """How many times a second this disk makes 10 KB appended durable, one after another."""
    path = folder / "sync"
    block, count = os.urandom(10_240), 200
    with path.open("wb", buffering=0) as file:
        begin = time.monotonic()
        for _ in range(count):
            file.write(block)
            os.fdatasync(file.fileno())
        seconds = time.monotonic() - begin
    path.unlink()
    return count / seconds


def conditions(options, folder):
    processor = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                      if line.startswith("model name")), platform.machine())
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=False).stdout.strip()
    print(f"""{options.messages} messages of {options.size} bytes a run, {options.rounds} alternating rounds, medians
machine      {os.cpu_count()} cores, {processor}; load before: {os.getloadavg()[0]:.1f}
disk         {kind}, {sync_rate(folder):.0f} synced appends of 10 KB a second, one after another
sink         {Sink.name}, by SMTP on loopback without TLS, {options.connections} connections at most
entrance     Apus: SES v2 SendEmail, raw content, SigV4 verified, HTTP on loopback, {options.concurrency} connections
             Postfix: SMTP on loopback, smtp-source, {options.concurrency} connections
durability   Apus: a 200 leaves after a sync that covers its record; Postfix: a 250 leaves after the queue file's fsync
DKIM         Apus: RSA-2048, relaxed/relaxed; Postfix: none; Postfix + OpenDKIM: RSA-2048, relaxed/relaxed, as a milter
versions     Postfix {postfix.version() if not postfix.unavailable() else '-'} of Debian, in_flow_delay 0, connections cached, \
process limit {max(100, options.connections)}
""")


def median(results, field):
    return statistics.median(getattr(result, field) for result in results)


def report(results):
    print(f"\n{'':<20} {'messages/s':>11} {'(range)':>15} {'accepted/s':>11} {'CPU µs/message':>15} {'sink µs':>8} {'client µs':>10}")
    for name, runs in results.items():
        rates = [run.rate for run in runs]
        print(f"{name:<20} {median(runs, 'rate'):>11.0f} {f'{min(rates):.0f}-{max(rates):.0f}':>15} {median(runs, 'accepted_rate'):>11.0f} "
              f"{median(runs, 'cpu'):>15.0f} {median(runs, 'sink_cpu'):>8.0f} {median(runs, 'client_cpu'):>10.0f}")
    if "Apus" in results:
        latencies = sorted(latency for run in results["Apus"] for latency in run.latencies)
        print(f"\nApus answers SendEmail in {latencies[len(latencies) // 2] * 1e3:.1f} ms (median), "
              f"{latencies[int(len(latencies) * 0.99)] * 1e3:.1f} ms (99 of 100)")
        for name, runs in results.items():
            if name != "Apus":
                # Rounds are compared pairwise: what else the machine did in a round, it did to both.
                rate = statistics.median(ours.rate / theirs.rate for ours, theirs in zip(results["Apus"], runs))
                cpu = statistics.median(ours.cpu / theirs.cpu for ours, theirs in zip(results["Apus"], runs))
                print(f"ratio to {name}: {rate:.2f} × the messages per second, {cpu:.2f} × the CPU per message")


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--messages", type=int, default=3_000, help="a run")
    parser.add_argument("--warm-up", type=int, default=200, help="messages before each run that do not count")
    parser.add_argument("--size", type=int, default=10_240, help="bytes of a message")
    parser.add_argument("--concurrency", type=int, default=40, help="connections at the entrance")
    parser.add_argument("--connections", type=int, default=20, help="connections to the sink")
    parser.add_argument("--sink-messages", type=int, default=30_000, help="a run of the sinks' comparison; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=pathlib.Path, help="on the disk to measure; by default beside the build")
    parser.add_argument("--only-postfix", action="store_true", help="for looking at the other half alone")
    options = parser.parse_args()
    (ROOT / ".build-tools").mkdir(exist_ok=True)
    base = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.folder or ROOT / ".build-tools"))
    base.chmod(0o755)
    try:
        runners = contenders(options)
        conditions(options, base)
        if options.sink_messages:
            if reason := hop.unavailable(options):
                print(f"one hop is not measured: {reason}")
            else:
                hop.compare(options, base)
                hop.hold(options, base, 10_000)
        results = {name: [] for name in runners}
        for number in range(options.rounds):
            for name, run in runners.items():
                folder = base / f"{number}-{len(results[name])}-{name.split()[-1].lower()}"
                folder.mkdir()
                folder.chmod(0o755)
                sink = Sink(base)
                try:
                    result = run(options, folder, sink)
                finally:
                    sink.stop()
                results[name].append(result)
                print(f"round {number + 1}  {name:<20} {result.rate:7.0f}/s  {result.cpu:6.0f} µs", flush=True)
        report(results)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
