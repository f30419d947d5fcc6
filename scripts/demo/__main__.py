"""`make demo`: a message from boto3 to a far mail server, then a few hundred, with the server killed in their middle.

Everything runs on free ports of the loopback addresses, in a folder of its own that is removed at the end. The program exits 0
only if every recipient is accounted for and every stored message is what was sent, and signed.
"""

import argparse
import atexit
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time

import processes
import screen
from screen import bold, dim, green, heading, indent, red, say, table, yellow

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
SITES = {"inbox.example": "127.0.0.11", "busy.example": "127.0.0.12", "strict.example": "127.0.0.13"}
STREAM = 160
KILL_AFTER = 60
CONNECTIONS = 10


class Demo:
    def __init__(self, arguments):
        self.arguments = arguments
        binaries = arguments.bin.resolve()
        self.apus, self.loadtest = binaries / "apus", binaries / "apus-loadtest"
        for program in (self.apus, self.loadtest):
            if not program.exists():
                sys.exit(f"{program} is not there: run make build")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-demo-"))
        self.data = self.folder / "data"
        (self.folder / "home").mkdir()
        processes.isolate(self.folder / "home")
        self.environment = processes.clean_environment(self.folder / "home")
        self.failures = []
        self.server = None
        self.sinks = {}
        self.started = 0
        atexit.register(self.clean_up)

    # The cast

    def start_far_side(self):
        """DNS and the far mail servers."""
        from dns_server import LocalDNS, free_port_on
        from sinks import Sink, rules_for

        self.dns = LocalDNS("example")
        port = free_port_on(SITES.values())
        for domain, address in SITES.items():
            self.dns.add(f"{domain}. IN MX 10 mx.{domain}.\nmx.{domain}. IN A {address}\n")
            self.sinks[domain] = Sink(
                self.loadtest, address, port, rules_for(domain), self.folder / domain, self.environment)
        # A domain that says it takes no mail; gone.example is in no zone at all.
        self.dns.add("nomail.example. IN MX 0 .\n")
        self.smtp_port = port

    def write_settings(self):
        settings = {
            "sending": {"domain": "mail.apus.example", "dkimZone": "dkim.apus.example"},
            "delivery": {
                "ehlo": "mail.apus.example", "port": self.smtp_port, "connectionsPerSite": CONNECTIONS,
                # The far servers are on loopback addresses, and the zone `example` has no keys that lead to the root's.
                "allowLoopback": True, "dns": {"servers": [f"127.0.0.1@{self.dns.port}"], "validation": "off"},
                # Seconds where an installation waits minutes and hours, so that the demo can show a retry.
                "retry": {"intervals": ["1s", "1s", "2s"], "tiers": ["200ms", "500ms", "1s", "2s", "5s", "20s", "60s"]},
            },
        }
        self.settings = self.folder / "apus.json"
        self.settings.write_text(json.dumps(settings, indent=2))

    def serve(self, http="127.0.0.1:0"):
        self.started += 1
        started = time.monotonic()
        self.server = processes.Child(
            "apus serve", [self.apus, "serve", "--data", self.data, "--http", http, "--config", self.settings], self.environment,
            self.folder / f"apus-{self.started}.log", r"^apus: ready http=(\S+:\d+)")
        self.address = self.server.ready[1]
        self.url = f"http://{self.address}"
        return time.monotonic() - started

    def command(self, *arguments):
        return processes.run([self.apus, *arguments, "--data", self.data], self.environment)

    def events(self):
        return [json.loads(line) for line in self.command("events", "tail", "--from-start").splitlines() if line]

    def client(self, attempts=3):
        import boto3
        import botocore.config
        return boto3.client(
            "sesv2", endpoint_url=self.url, region_name=REGION, aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
            config=botocore.config.Config(
                retries={"total_max_attempts": attempts, "mode": "standard"}, proxies={}, connect_timeout=2, read_timeout=20),
        )

    def sdk_environment(self, **extra):
        return self.environment | {
            "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"],
            "AWS_DEFAULT_REGION": REGION, "ENDPOINT_URL": self.url,
        } | extra

    def fail(self, text):
        self.failures.append(text)
        say(red(f"    ✗ {text}"))

    def wait(self, condition, seconds, what, pause=0.1):
        """Asks until it is so; the deadline is far beyond what it takes."""
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not within {seconds} s\n{self.server.last_words() if self.server else ''}")
            time.sleep(pause)
        return result

    # The acts

    def set_up(self):
        heading(1, "A server, a key, a domain")
        self.start_far_side()
        self.write_settings()
        self.serve()
        indent(f"$ apus serve --data ./data --http 127.0.0.1:0 --config apus.json\n{self.server.ready[0]}")
        self.key = json.loads(self.command("keys", "create", "--json"))
        indent(f"$ apus keys create --data ./data --json\nAccessKeyId {self.key['AccessKeyId']}, its secret is shown this once")
        self.command("identities", "create", "shop.example")
        records = self.command("identities", "records", "shop.example")
        indent("$ apus identities create shop.example --data ./data\n$ apus identities records shop.example --data ./data")
        for line in records.splitlines():
            if line and not line.startswith(";"):
                indent(dim(line if len(line) <= 120 else line[:117] + "..."))
        count = self.dns.add(records)
        say(f"    These {count} records go into a DNS server on 127.0.0.1:{self.dns.port}, and the background check finds them:")
        client = self.client()
        identity = self.wait(
            lambda: (answer := client.get_email_identity(EmailIdentity="shop.example"))["VerifiedForSendingStatus"] and answer, 90,
            "the verification of shop.example")
        say(f"    shop.example is verified: {green(identity['DkimAttributes']['Status'])}, {self.dns.queries} queries answered")

    def first_message(self):
        import accounting

        heading(2, "One message, by boto3")
        source = (ROOT / "examples" / "send.py").read_text()
        code = source.split('"""', 2)[2].strip("\n")
        for line in code.splitlines():
            indent(bold(line) + yellow("   # ← the only change") if "endpoint_url" in line else dim(line))
        environment = self.sdk_environment(SENDER="orders@shop.example", RECIPIENT="grace@busy.example")
        say()
        identifier = processes.run([sys.executable, ROOT / "examples" / "send.py"], environment).strip()
        say(f"    MessageId  {bold(identifier)}")
        import messages
        self.first = identifier
        first = messages.Message("first", "the first message", ["grace@busy.example"], subject="Grüße von Apus 🕊",
                                 text="The first message.\n", html="<p>The <b>first</b> message.</p>")
        self.ledger.by_label[first.label] = first
        self.ledger.sent(identifier, first)

        def life():
            events = [event for event in self.events() if event["mail"]["messageId"] == identifier]
            return events if any(event["eventType"] in accounting.FINAL for event in events) else None
        events = self.wait(life, 20, "the first message's end")
        say()
        say("    $ apus events tail --data ./data --from-start" + dim("   (one SES event JSON a line; here as a timeline)"))
        begin = events[0]["mail"]["timestamp"]
        for event in sorted(events, key=accounting.timestamp):
            seconds = _seconds(accounting.timestamp(event)) - _seconds(begin)
            say(f"    {seconds:7.3f} s  {bold(event['eventType'].ljust(14))} {accounting.reply(event)}")
        kinds = [event["eventType"] for event in events]
        if collections.Counter(kinds) != {"Send": 1, "DeliveryDelay": 1, "Delivery": 1}:
            self.fail(f"the first message's events are {kinds}, not Send, DeliveryDelay, Delivery")

    def signature(self):
        import checks

        heading(3, "The delivered message, signed")
        self.resolver = checks.resolver(self.dns.port)
        self.look_up = checks.key_lookup(self.resolver)
        message = next(body for _, identifier, _, body in self.stored() if identifier == self.first)
        field = next(field for field in checks.split(message)[0] if field.lower().startswith(b"dkim-signature:")).decode()
        for line in field.split("\r\n"):
            indent(line)
        selector = re.search(r"\bs=([^;\s]+)", field)[1]
        name = f"{selector}._domainkey.shop.example."
        answer = self.resolver.resolve(name, "TXT")
        say()
        for rrset in answer.response.answer:
            text = rrset.to_text()
            indent(dim(text if len(text) <= 120 else text[:117] + "..."))
        found = checks.dkim_problems(message, self.look_up, "shop.example")
        say()
        if found:
            for problem in found:
                self.fail(problem)
        else:
            say(f"    dkimpy, with the key from DNS: {green('signature verified')}")

    def stored(self, known=()):
        """(envelope file, MessageId, envelope recipients, bytes) of what all far servers stored, without the known files."""
        from sinks import read_entry

        for sink in self.sinks.values():
            for path in sink.stored():
                if path not in known:
                    recipients, body = read_entry(path)
                    identifier = re.search(rb"(?im)^message-id:\s*<([^@>]+)@", body)
                    yield path, identifier[1].decode() if identifier else "", recipients, body

    def many_messages(self):
        import messages

        heading(4, "A few hundred more, and a kill -9")
        folder = messages.cpython_folder()
        if folder is None:
            self.fail("CPython's e-mail test messages are not here: run make deps")
        raw = messages.cpython(folder) if folder else []
        varied, by_cli, stream = messages.varied(), messages.by_command_line(), messages.many(STREAM)
        examples = messages.by_examples()
        for message in [*varied, *by_cli, *examples, *stream, *raw]:
            self.ledger.by_label[message.label] = message
        say(f"    {len(varied)} of different kinds and {len(raw)} of CPython's e-mail test messages by boto3, {len(by_cli)} by the AWS CLI,"
            f" {len(examples)} by examples/*.sh,")
        say(f"    {len(stream)} more from eight threads; the server is killed when {KILL_AFTER} calls of these are answered, and restarted.")
        say()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            cli = [pool.submit(self.send_by_command_line, message) for message in by_cli]
            cli += [pool.submit(self.send_by_example, message) for message in examples]
            self.send_all([*varied, *raw], threads=3)
            for result in cli:
                result.result()
        self.send_all(stream, threads=8, kill_after=KILL_AFTER)
        say(f"    {len(self.ledger.answered)} calls answered with a MessageId; {len(self.ledger.unanswered)} met the dead server and were made again")
        import checks
        for message, error in self.refused:
            if checks.right_refusal(message, error):
                say(f"    refused, as Amazon SES does: {message.what}: {error}")
            else:
                self.fail(f"refused: {message.what}: {error}")

    def send_all(self, batch, threads, kill_after=None):
        """Sends a batch; with `kill_after`, kills the server with that many answered and starts it again meanwhile."""
        waiting = collections.deque(batch)
        lock = threading.Lock()
        answered = 0
        kill = threading.Event()

        def work():
            nonlocal answered
            client = self.client(attempts=1)
            while True:
                with lock:
                    if not waiting:
                        return
                    message = waiting.popleft()
                self.send(client, message)
                with lock:
                    answered += 1
                    if answered == kill_after:
                        kill.set()

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            work_items = [pool.submit(work) for _ in range(threads)]
            if kill_after:
                if not kill.wait(60):
                    raise RuntimeError("the stream came to a halt before the kill")
                self.server.kill()
                seconds = self.serve(self.address)
                say(f"    kill -9, started again in {seconds:.1f} s on the same folder and port")
            for item in work_items:
                item.result()

    def send(self, client, message):
        """One call, made again as long as there is no answer, as a program that must send would."""
        import botocore.exceptions
        deadline = time.monotonic() + 30
        while True:
            try:
                self.ledger.sent(client.send_email(**message.request())["MessageId"], message)
                return
            except botocore.exceptions.ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status < 500:
                    self.refused.append((message, f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"))
                    return
                problem = error
            except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
                problem = error
            self.ledger.unanswered.append(message)
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer for {message.label}: {problem}")
            time.sleep(0.1)

    def send_by_command_line(self, message):
        request = message.request()
        answer = processes.run(
            [pathlib.Path(sys.executable).parent / "aws", "sesv2", "send-email", "--endpoint-url", self.url, "--output", "json",
             "--from-email-address", request["FromEmailAddress"], "--destination", json.dumps(request["Destination"]),
             "--email-tags", json.dumps(request["EmailTags"]), "--content", json.dumps(request["Content"])],
            self.sdk_environment())
        self.ledger.sent(json.loads(answer)["MessageId"], message)

    def send_by_example(self, message):
        """By a script of examples/, of which the label is the name."""
        environment = self.sdk_environment(SENDER="orders@shop.example", RECIPIENT=message.to[0])
        environment["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        answer = processes.run(["sh", ROOT / "examples" / message.label], environment)
        self.ledger.sent(re.search(r'"MessageId":\s*"([^"]+)"', answer)[1], message)

    def account(self):
        import accounting

        heading(5, "Every recipient, every event, every stored message")
        account = accounting.Account(self.ledger, self.events())
        deadline = time.monotonic() + 40
        while account.open() and time.monotonic() < deadline:
            time.sleep(0.3)
            account = accounting.Account(self.ledger, self.events())
        # Reading what is stored takes a while. The last of the records that the kill left in two copies go meanwhile; the account is
        # closed only when nothing waits, so that whatever they might do is in it.
        self.copies, self.checked, self.wrong = collections.Counter(), set(), 0
        self.check_stored(account)
        self.wait(self.nothing_waits, 60, "the end of what waits", pause=0.5)
        account = accounting.Account(self.ledger, self.events())
        self.check_stored(account)

        domains, rows = account.rows(), []
        for domain in sorted(domains):
            row = domains[domain]
            stored = sum(1 for _, recipient in self.copies if recipient.endswith("@" + domain))
            rows.append([domain, row["recipients"], *(row[kind] for kind in accounting.TYPES), stored])
        total = ["all", *(sum(row[column] for row in rows) for column in range(1, len(rows[0])))]
        table(["domain", "recipients", *accounting.TYPES, "stored"], rows, total)
        say()
        for problem in account.problems()[:30]:
            self.fail(problem)
        for key in sorted(account.delivered() - set(self.copies)):
            self.fail(f"{key[1]} has a Delivery event, but no far server has the message {key[0]}")
        for key in sorted(set(self.copies) - account.delivered()):
            self.fail(f"a far server has the message {key[0]} for {key[1]}, but there is no Delivery event")
        for key in sorted(account.delivered() & set(self.copies)):
            if (told := account.types[key]["Delivery"]) > self.copies[key]:
                self.fail(f"{told} Delivery events tell of {self.copies[key]} copies of the message {key[0]} for {key[1]}")
        doubled = sum(count - 1 for count in self.copies.values())
        sessions = CONNECTIONS * len(SITES)
        if doubled > sessions:
            self.fail(f"{doubled} recipients got a second copy; a kill may double one a connection, {sessions} at most")
        lost = len(account.lost_answers)
        say(f"    {len(account.wanted())} recipients of {len(self.ledger.answered)} answered calls"
            + (f" and {lost} accepted whose answer the kill swallowed" if lost else "")
            + f": {len(account.open())} without an end, and nothing waits in any queue")
        say(f"    {len(self.checked)} stored messages read by dkimpy and Python's parser and compared with what was sent: {self.wrong} wrong")
        say(f"    after the kill {_count(doubled, 'message')} delivered twice ({sessions} open connections are the bound) and"
            f" {_count(account.replayed, 'event')} told twice, word for word")

    def check_stored(self, account):
        """Reads and judges every stored message that was not read before."""
        import checks

        for path, identifier, recipients, body in self.stored(known=self.checked):
            self.checked.add(path)
            message = self.ledger.answered.get(identifier) or account.lost_answers.get(identifier)
            if message is None:
                self.fail(f"a far server has a message nobody sent: {identifier}")
                continue
            for recipient in recipients:
                self.copies[identifier, recipient] += 1
            found = checks.problems(message, body, self.look_up)
            self.wrong += bool(found)
            for problem in found[:3]:
                self.fail(f"{message.label} ({message.what}): {problem}")

    def nothing_waits(self):
        """Whether `apus queue` finds every topic and every lane empty, the topic of what could not be processed included."""
        queue = json.loads(self.command("queue", "--json"))
        return not (queue["moreWaiting"] or any(topic["waiting"] for topic in queue["topics"])
                    or any(lane["waiting"] or lane["active"] for lane in queue["lanes"]))

    def send_your_own(self):
        heading(6, "Send your own")
        if self.arguments.keep:
            self.keep()
            return
        indent(f"""with this installation, left running:

    make demo ARGS=--keep

or with one of yours, which delivers to the recipient's real mail server:

    {_shown(self.apus)} serve --data ./data &
    {_shown(self.apus)} keys create --data ./data
    {_shown(self.apus)} identities create example.com --verified --data ./data

    export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_DEFAULT_REGION={REGION}
    export ENDPOINT_URL=http://127.0.0.1:8025 SENDER=you@example.com RECIPIENT=someone@example.org
    {_shown(sys.executable)} examples/send.py""")

    def keep(self):
        indent(f"""This installation runs until Ctrl-C. In another terminal:

    export AWS_ACCESS_KEY_ID={self.key["AccessKeyId"]} AWS_DEFAULT_REGION={REGION}
    export AWS_SECRET_ACCESS_KEY={shlex.quote(self.key["SecretAccessKey"])}
    export ENDPOINT_URL={self.url} SENDER=orders@shop.example RECIPIENT=you@inbox.example
    {_shown(sys.executable)} examples/send.py

    {_shown(self.apus)} events tail --data {self.data} --follow

The far servers store what they get in {self.folder}/*.example/store.""")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say()

    def run(self):
        import accounting
        self.ledger = accounting.Ledger()
        self.refused = []
        try:
            self.set_up()
            self.first_message()
            self.signature()
            self.many_messages()
            self.account()
            self.send_your_own()
            if not self.server.stop():
                self.fail(f"the server did not stop cleanly on SIGTERM (exit {self.server.process.returncode})")
        except Exception as error:
            if self.arguments.debug:
                self.failures.append(str(error))
                raise
            self.fail(f"{type(error).__name__}: {error}")
        say()
        seconds = time.monotonic() - screen.STARTED
        if self.failures:
            say(red(f"{len(self.failures)} things are wrong") + f" after {seconds:.0f} s; logs and stores: {self.folder}")
            return 1
        say(green("All holds.") + f" {seconds:.0f} s.")
        return 0

    def clean_up(self):
        for child in [self.server, *(sink.child for sink in self.sinks.values())]:
            if child and child.running():
                child.kill()
        if not self.failures:
            shutil.rmtree(self.folder, ignore_errors=True)


def _seconds(timestamp):
    import datetime
    return datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()


def _count(number, what):
    return f"{number} {what}{'' if number == 1 else 's'}"


def _shown(path):
    """A path as a person at the repository's root would type it."""
    path = pathlib.Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main():
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "release", help="folder of apus and apus-loadtest")
    parser.add_argument("--keep", action="store_true", help="leave the installation running at the end, until Ctrl-C")
    parser.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
    demo = Demo(parser.parse_args())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return demo.run()
    except KeyboardInterrupt:
        # Not by the usual way out: that would wait for the threads that are sending.
        say()
        demo.clean_up()
        os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
