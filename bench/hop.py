"""One SMTP hop: what the load test's own two ends take from a figure, beside Debian's smtp-source and smtp-sink."""

import re
import resource
import selectors
import socket
import statistics
import subprocess
import time

import postfix
from processes import Process, cpu_seconds, resident_bytes

SENDER, RECIPIENT = "sender@bench.example", "recipient@sink.example"
OURS, DEBIANS = "apus-loadtest", "Debian"


class Hop:
    """One way of sending and one of taking."""

    def __init__(self, client, server, record):
        self.client, self.server, self.record = client, server, record
        self.rates, self.client_cpu, self.server_cpu = [], [], []

    @property
    def name(self):
        source = "smtp-source" if self.client == DEBIANS else "generate --record"
        sink = "smtp-sink" if self.server == DEBIANS else "sink --record" if self.record else "sink"
        return f"{source} to {sink}"


def start_sink(options, base, hop):
    """The process and its port."""
    if hop.server == DEBIANS:
        port = postfix.free_port()
        process = postfix.smtp_sink(port, base / "sink.log", count=False)
        process.expect(lambda: postfix.answers(port), 10, "the sink's start")
        return process, port
    record = ["--record", base / "arrivals.bin"] if hop.record else []
    # One loop: with two cores the other one is the client's.
    process = Process([options.bin / "apus-loadtest", "sink", "--listen", "127.0.0.1:0", "--loops", "1", "--json-stats", *record], base / "sink.log")
    ready = process.expect(lambda: re.search(r"ready on \S+:(\d+)", process.output()), 10, "the sink's start")
    return process, int(ready[1])


def send(options, base, client, port):
    """Sends all messages; seconds and CPU seconds of the client."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    if client == DEBIANS:
        source = postfix.smtp_source(port, options.sink_messages, options.size, options.connections, SENDER, RECIPIENT, base / "source.log")
    else:
        source = Process(
            [options.bin / "apus-loadtest", "generate", "--smtp", f"127.0.0.1:{port}", "--messages", options.sink_messages,
             "--size", options.size, "--concurrency", options.connections, "--record", base / "sent.bin"], base / "source.log")
    if source.process.wait() != 0:
        raise RuntimeError(f"the client: {source.output()}")
    seconds = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(options, base, hop):
    process, port = start_sink(options, base, hop)
    try:
        before = cpu_seconds(process.pid)
        seconds, cpu = send(options, base, hop.client, port)
        hop.rates.append(options.sink_messages / seconds)
        hop.client_cpu.append(cpu / options.sink_messages * 1e6)
        hop.server_cpu.append((cpu_seconds(process.pid) - before) / options.sink_messages * 1e6)
    finally:
        process.stop(5)
    if hop.server == OURS:
        counted = re.search(r'"messages":(\d+)', process.output())
        if not counted or int(counted[1]) != options.sink_messages:
            raise RuntimeError(f"apus-loadtest sink counted {counted and counted[1]} of {options.sink_messages}")


def compare(options, base):
    """Every way in turn, three times; prints medians."""
    hops = [Hop(DEBIANS, DEBIANS, False), Hop(DEBIANS, OURS, False), Hop(DEBIANS, OURS, True), Hop(OURS, DEBIANS, False), Hop(OURS, OURS, True)]
    for _ in range(3):
        for hop in hops:
            run(options, base, hop)
    print(f"one hop, {options.sink_messages} messages of {options.size} bytes, {options.connections} connections, medians of 3 alternating rounds")
    print(f"  {'':<36} {'messages/s':>10} {'(range)':>15} {'client CPU µs':>14} {'sink CPU µs':>12}")
    for hop in hops:
        spread = f"{min(hop.rates):.0f}-{max(hop.rates):.0f}"
        print(f"  {hop.name:<36} {statistics.median(hop.rates):>10.0f} {spread:>15} {statistics.median(hop.client_cpu):>14.1f} "
              f"{statistics.median(hop.server_cpu):>12.1f}")
    print(flush=True)


def hold(options, base, count):
    """How fast the sink takes messages while very many connections are open and idle."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit < count + 100:
        print(f"held connections are not measured: {count} need a limit of open files above {limit}")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    hop = Hop(DEBIANS, OURS, True)
    process, port = start_sink(options, base, hop)
    selector, held = selectors.DefaultSelector(), []
    try:
        empty = resident_bytes(process.pid)
        for number in range(count):
            connection = socket.socket()
            connection.bind((f"127.0.1.{1 + number // 5_000}", 0))
            connection.connect(("127.0.0.1", port))
            held.append(connection)
            greeting = connection.recv(200)
            if not greeting.startswith(b"220 "):
                raise RuntimeError(f"connection {number + 1} was greeted with {greeting!r}")
            selector.register(connection, selectors.EVENT_READ)
        memory = resident_bytes(process.pid)
        seconds, _ = send(options, base, DEBIANS, port)
        if selector.select(0):
            raise RuntimeError("the sink closed or spoke on a connection that is held")
        print(f"with {count} further connections open: {options.sink_messages / seconds:.0f}/s from smtp-source; the sink's memory grew by "
              f"{(memory - empty) / count / 1024:.1f} KB a connection\n", flush=True)
    finally:
        for connection in held:
            connection.close()
        process.stop(5)


def unavailable(options):
    """Why it cannot be measured here; None when it can."""
    if not (options.bin / "apus-loadtest").exists():
        return "apus-loadtest is not built"
    if not (postfix.TOOLS / "usr/sbin/smtp-source").exists():
        return "smtp-source is not unpacked"
    found = subprocess.run([postfix.TOOLS / "usr/sbin/smtp-source", "-?"], capture_output=True, env=postfix.environment(), check=False)
    return "smtp-source does not run here" if found.returncode == 127 else None
