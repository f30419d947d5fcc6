"""Every recipient against every event and every stored copy."""

import collections
import dataclasses

import messages

FINAL = {"Delivery": messages.DELIVERED, "Bounce": messages.BOUNCED, "Reject": messages.REJECTED}
TYPES = ("Send", "DeliveryDelay", "Delivery", "Bounce", "Reject")


def recipients(event):
    """The recipients an event speaks of."""
    match event["eventType"]:
        case "Delivery":
            return event["delivery"]["recipients"]
        case "Bounce":
            return [entry["emailAddress"] for entry in event["bounce"]["bouncedRecipients"]]
        case "DeliveryDelay":
            return [entry["emailAddress"] for entry in event["deliveryDelay"]["delayedRecipients"]]
        case _:
            return [bare(address) for address in event["mail"]["destination"]]


def bare(address):
    return address.rsplit("<", 1)[-1].rstrip(">").strip()


def timestamp(event):
    body = {"Delivery": "delivery", "Bounce": "bounce", "DeliveryDelay": "deliveryDelay"}.get(event["eventType"])
    return event[body]["timestamp"] if body else event["mail"]["timestamp"]


def reply(event):
    """The remote's words."""
    match event["eventType"]:
        case "Delivery":
            return event["delivery"]["smtpResponse"]
        case "Bounce":
            entry = event["bounce"]["bouncedRecipients"][0]
            return f"{entry.get('diagnosticCode', '')}  ({event['bounce']['bounceType']}/{event['bounce']['bounceSubType']})"
        case "DeliveryDelay":
            entry = event["deliveryDelay"]["delayedRecipients"][0]
            return f"{entry.get('diagnosticCode', '')}  ({event['deliveryDelay']['delayType']})"
        case "Reject":
            return event["reject"]["reason"]
        case _:
            return ", ".join(event["mail"]["destination"])


@dataclasses.dataclass
class Ledger:
    """What was called for, by MessageId; filled by the senders, closed by the events and the stores."""

    answered: dict = dataclasses.field(default_factory=dict)      # MessageId → Message
    unanswered: list = dataclasses.field(default_factory=list)    # Messages whose call got no answer, one entry a call
    by_label: dict = dataclasses.field(default_factory=dict)      # label → Message

    def sent(self, identifier, message):
        self.answered[identifier] = message

    def message(self, identifier, event):
        """The Message behind an id: answered, or one whose answer was lost (told by its tag)."""
        if found := self.answered.get(identifier):
            return found
        label = (event["mail"].get("tags", {}).get("demo") or [""])[0]
        return self.by_label.get(label)

    def expected(self):
        """(MessageId, recipient) of every answered call."""
        return {(identifier, recipient) for identifier, message in self.answered.items() for recipient in message.recipients}


class Account:
    """The state of affairs in the events read so far."""

    def __init__(self, ledger, events):
        self.ledger = ledger
        self.events = events
        self.types = collections.defaultdict(collections.Counter)  # (MessageId, recipient) → event types
        self.strangers = []
        self.lost_answers = {}
        seen = set()
        self.replayed = 0
        for event in events:
            identifier = event["mail"]["messageId"]
            message = ledger.message(identifier, event)
            if message is None:
                self.strangers.append(event)
                continue
            if identifier not in ledger.answered:
                self.lost_answers[identifier] = message
            # After a kill the worker may say again, word for word, what it had already said.
            key = (identifier, event["eventType"], timestamp(event), tuple(recipients(event)))
            if key in seen:
                self.replayed += 1
                continue
            seen.add(key)
            for recipient in recipients(event):
                self.types[identifier, recipient][event["eventType"]] += 1

    def wanted(self):
        """(MessageId, recipient) of everything accepted, answered or not."""
        return self.ledger.expected() | {
            (identifier, recipient) for identifier, message in self.lost_answers.items() for recipient in message.recipients
        }

    def open(self):
        return [key for key in self.wanted() if not any(kind in FINAL for kind in self.types[key])]

    def problems(self):
        """What does not add up; [] when every recipient has its one Send and its one right end."""
        found = []
        for key in sorted(self.wanted()):
            identifier, recipient = key
            message = self.ledger.answered.get(identifier) or self.lost_answers[identifier]
            types = self.types[key]
            ends = [kind for kind in FINAL if types[kind]]
            what = f"{message.label} to {recipient}"
            if types["Send"] != 1:
                found.append(f"{what}: {types['Send'] or 'no'} Send events")
            if not ends:
                found.append(f"{what}: no end: {dict(types)}")
            elif len(ends) > 1:
                found.append(f"{what}: ended more than once: {dict(types)}")
            elif FINAL[ends[0]] != message.outcome_for(recipient):
                found.append(f"{what}: {FINAL[ends[0]]}, not {message.outcome_for(recipient)}")
        found += [f"an event of a message nobody sent: {event['eventType']} {event['mail']['messageId']}" for event in self.strangers]
        return found

    def delivered(self):
        return {key for key in self.wanted() if self.types[key]["Delivery"]}

    def rows(self):
        """A row a domain: recipients and how many of them had each type of event."""
        domains = collections.defaultdict(collections.Counter)
        for key in self.wanted():
            row = domains[key[1].rsplit("@", 1)[1]]
            row["recipients"] += 1
            for kind in TYPES:
                row[kind] += bool(self.types[key][kind])
        return domains
