"""The far mail servers: `apus-loadtest sink`, one per site, each on an address of its own and all on one port."""

import json
import pathlib

from processes import Child


class Sink:
    """A running sink and what it has stored."""

    def __init__(self, program, address, port, rules, folder, environment):
        self.address, self.folder = address, pathlib.Path(folder)
        self.store = self.folder / "store"
        self.store.mkdir(parents=True)
        arguments = [program, "sink", "--listen", f"{address}:{port}", "--store", self.store]
        if rules:
            path = self.folder / "rules.json"
            path.write_text(json.dumps({"rules": rules}, indent=2))
            arguments += ["--respond", path]
        self.child = Child(f"sink {address}", arguments, environment, self.folder / "log", r"ready.*?:(\d+)\b")

    def stored(self):
        """Envelope files, in the order of arrival. An envelope is written last, so what it names is whole."""
        return sorted(path for path in self.store.iterdir() if path.suffix == ".json" and not path.name.startswith("."))

    def stop(self):
        self.child.stop(5)


def rules_for(domain):
    """How a far server misbehaves; loadtest/README.md describes the rules."""
    return {
        "busy.example": [{
            "name": "greylisting", "stage": "rcpt", "per": "recipient", "first": 1,
            "reply": "451 4.7.1 Greylisted, come back in a second",
        }],
        "strict.example": [
            {"name": "unknown", "stage": "rcpt", "recipient": "nobody*", "reply": "550 5.1.1 No such mailbox here"},
            {"name": "full", "stage": "rcpt", "recipient": "full*", "reply": "552 5.2.2 Mailbox full"},
        ],
    }.get(domain, [])


def read_entry(path):
    """(envelope recipients, message bytes) by an envelope's file."""
    envelope = json.loads(path.read_text())
    return envelope["recipients"], (path.parent / envelope["content"]).read_bytes()
