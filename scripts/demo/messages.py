"""The messages of the demo: how each is sent, and what must arrive."""

import dataclasses
import email.headerregistry
import email.message
import email.policy
import os
import pathlib
import random
import re
import shutil
import sysconfig

SENDER = "orders@shop.example"
# The outcome that a recipient's local part and domain ask for; the far servers' rules and the zone are made to match.
DELIVERED, BOUNCED, REJECTED = "delivered", "bounced", "rejected"


def expected_outcome(recipient):
    local, domain = recipient.rsplit("@", 1)
    if domain in ("gone.example", "nomail.example") or local.startswith(("nobody", "full")):
        return BOUNCED
    return DELIVERED


@dataclasses.dataclass
class Attachment:
    name: str
    type: str
    data: bytes
    content_id: str = ""


@dataclasses.dataclass
class Message:
    """One call. `label` travels as a message tag and as X-Demo, so that a copy can be told whatever its MessageId is."""

    label: str
    what: str
    to: list
    cc: list = dataclasses.field(default_factory=list)
    bcc: list = dataclasses.field(default_factory=list)
    sender_name: str = ""
    to_name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: list = dataclasses.field(default_factory=list)
    raw: bytes = b""
    outcome: str = ""
    own: bool = True  # written by the demo, so its parts must come back whole; False: somebody's raw bytes

    @property
    def recipients(self):
        return [*self.to, *self.cc, *self.bcc]

    def outcome_for(self, recipient):
        return self.outcome or expected_outcome(recipient)

    def address(self, name, address):
        return str(email.headerregistry.Address(name, addr_spec=address)) if name else address

    def request(self):
        """The arguments of SendEmail."""
        destination = {"ToAddresses": [self.display(self.to_name, self.to[0]), *self.to[1:]]}
        if self.cc:
            destination["CcAddresses"] = self.cc
        if self.bcc:
            destination["BccAddresses"] = self.bcc
        request = {"Destination": destination, "EmailTags": [{"Name": "demo", "Value": self.label}]}
        if self.raw:
            return request | {"Content": {"Raw": {"Data": self.raw}}}
        body = {}
        if self.text:
            body["Text"] = {"Data": self.text, "Charset": "UTF-8"}
        if self.html:
            body["Html"] = {"Data": self.html, "Charset": "UTF-8"}
        simple = {
            "Subject": {"Data": self.subject, "Charset": "UTF-8"}, "Body": body,
            "Headers": [{"Name": "X-Demo", "Value": self.label}],
        }
        if self.attachments:
            simple["Attachments"] = [
                {"FileName": part.name, "ContentType": part.type, "RawContent": part.data}
                | ({"ContentDisposition": "INLINE", "ContentId": part.content_id} if part.content_id else {})
                for part in self.attachments
            ]
        return request | {"FromEmailAddress": self.display(self.sender_name, SENDER), "Content": {"Simple": simple}}

    def display(self, name, address):
        """`"Name" <address>` as a person writes it into an API call: not encoded, that is the service's work."""
        return f'"{name}" <{address}>' if name else address

    def composed(self):
        """The same as raw bytes, by Python's own composer."""
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = email.headerregistry.Address(self.sender_name, addr_spec=SENDER)
        message["To"] = email.headerregistry.Address(self.to_name, addr_spec=self.to[0])
        message["Subject"] = self.subject
        message["X-Demo"] = self.label
        message.set_content(self.text)
        if self.html:
            message.add_alternative(self.html, subtype="html")
        for part in self.attachments:
            main, sub = part.type.split("/")
            message.add_attachment(part.data, maintype=main, subtype=sub, filename=part.name)
        return message.as_bytes()


def varied():
    """One of each kind that people send."""
    chance = random.Random(20260101)
    picture = _png(chance)
    every_byte = bytes(range(256)) * 17
    receipt = Attachment("Beleg für März ☂.pdf", "application/pdf", b"%PDF-1.4\n" + chance.randbytes(20_000))
    messages = [
        Message("plain", "plain text", ["ada@inbox.example"], subject="Your order 4711", text="Thank you.\nIt is on its way.\n"),
        Message("html", "HTML only", ["ada@inbox.example"], sender_name="The Shop", subject="Order 4711 shipped",
                html="<html><body><p>It is <b>on its way</b>.</p></body></html>"),
        Message("both", "text and HTML", ["ada@inbox.example", "bob@busy.example"], sender_name="The Shop", to_name="Ada, Countess",
                subject="Two parts", text="Plain.\n", html="<p>Rich.</p>"),
        Message("attachment", "an attachment", ["grace@inbox.example"], subject="Your receipt", text="Attached.\n",
                attachments=[receipt, Attachment("all-bytes.bin", "application/octet-stream", every_byte)]),
        Message("inline", "HTML with a picture in it", ["grace@inbox.example"], subject="A picture", text="A picture.\n",
                html='<p><img src="cid:logo@shop"></p>', attachments=[Attachment("logo.png", "image/png", picture, "logo@shop")]),
        Message("emoji", "emoji in subject, names and text", ["linus@inbox.example"], sender_name="Der Laden 🛒", to_name="Zoë 🦊",
                subject="🎉 Bestellung unterwegs – в пути – 発送しました 📦" + " und noch ein langer Rest, der umbrochen wird" * 3,
                text="👩‍🚀 grüßt.\nПривет. こんにちは。\n"),
        Message("hebrew", "right-to-left names", ["linus@inbox.example"], sender_name="החנות", to_name="مريم", subject="שלום مرحبا",
                text="שלום\nمرحبا\n"),
        Message("japanese", "CJK subject, names and body", ["aiko@busy.example"], to_name="山田 愛子",
                sender_name="株式会社ショップ・お客様サポートセンター 東京本店 ご注文とお届けのご案内 担当者一同より",
                subject="ご注文ありがとうございます" * 6, text="ご注文の品を発送しました。\n" * 40, html="<p>ご注文の品を発送しました。</p>"),
        Message("dots", "lines of dots and a very long line", ["ada@inbox.example"], subject="Dots",
                text=".\n..\n...\n.hidden\n" + "a long line " * 400 + "\n.\nend\n"),
        Message("tabs", "trailing blanks and tabs", ["ada@inbox.example"], subject="Blanks", text="kept:   \n\ttab\t\n \nFrom here on\n"),
        Message("several", "five recipients in three domains, one Bcc", ["ada@inbox.example", "bob@busy.example"],
                cc=["carol@strict.example", "dan@inbox.example"], bcc=["eve@inbox.example"], subject="To several", text="All of you.\n"),
        Message("unknown", "a mailbox that does not exist", ["nobody@strict.example"], subject="Hello?", text="Is anybody there?\n"),
        Message("full", "a full mailbox", ["full@strict.example"], subject="Hello?", text="Is there room?\n"),
        Message("mixed", "one good recipient, one bad", ["carol@strict.example", "nobody.2@strict.example"], subject="Half",
                text="One of you.\n"),
        Message("gone", "a domain that does not exist", ["ada@gone.example"], subject="Hello?", text="Hello?\n"),
        Message("nomail", "a domain that takes no mail (RFC 7505)", ["ada@nomail.example"], subject="Hello?", text="Hello?\n"),
        Message("reject", "the EICAR test file", ["ada@inbox.example"], subject="Test file", text="Attached.\n", outcome=REJECTED,
                attachments=[Attachment("sample.txt", "application/octet-stream", _test_file())]),
    ]
    raw = Message("rawmime", "raw MIME by Python's composer", ["grace@inbox.example"], sender_name="Żółw 🐢", to_name="Grace Ünal",
                  subject="Zażółć gęślą jaźń", text="Zażółć.\n", html="<p>Zażółć.</p>", attachments=[receipt])
    big = Message("five-megabytes", "raw MIME with 5 MB attached", ["grace@inbox.example"], subject="Big", text="5 MB.\n",
                  attachments=[Attachment("five.bin", "application/octet-stream", chance.randbytes(5_000_000))])
    for message in (raw, big):
        message.raw = message.composed()
    return [*messages, raw, big]


def by_command_line():
    """Three that the AWS CLI sends."""
    return [
        Message("cli-plain", "AWS CLI, plain", ["cli@inbox.example"], subject="From the AWS CLI", text="Plain.\n"),
        Message("cli-both", "AWS CLI, text and HTML", ["cli@busy.example"], subject="CLI – Привет 🧰", text="Plain.\n", html="<p>Rich.</p>"),
        Message("cli-bounce", "AWS CLI, to nobody", ["nobody.cli@strict.example"], subject="CLI", text="Plain.\n"),
    ]


def by_examples():
    """What the scripts of examples/ send; the label is the script's name. Without curl, its script is left out."""
    sent = [Message("send-aws-cli.sh", "an example", ["example@inbox.example"], subject="From the AWS CLI", text="Hello.\n")]
    if shutil.which("curl"):
        sent.append(Message("send-curl.sh", "an example", ["example@busy.example"], subject="From curl", text="Hello.\n"))
    return sent


def many(count):
    """The stream that the kill interrupts."""
    domains = ["inbox.example"] * 6 + ["busy.example", "strict.example"]
    return [
        Message(f"stream-{number:03}", "stream", [f"customer{number}@{domains[number % len(domains)]}"], subject=f"Order {number}",
                text=f"Order number {number}.\n" * 20)
        for number in range(count)
    ]


def cpython_folder():
    """Where CPython's e-mail test messages are, or None."""
    tools = pathlib.Path(__file__).resolve().parents[2] / ".build-tools" / "cpython-tests"
    candidates = [*tools.glob("usr/lib/python3*/test/test_email/data"), pathlib.Path(sysconfig.get_path("stdlib")) / "test/test_email/data"]
    return next((folder for folder in candidates if list(folder.glob("msg_*.txt"))), None)


HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")


def cpython(folder):
    """CPython's e-mail test messages as raw input. Only who sends and who receives is ours; every other byte is theirs.

    Their return paths go too: like Amazon SES, Apus sends only for addresses that are verified, there as well.
    """
    recipients = ["reader@inbox.example", "reader@busy.example", "reader@strict.example"]
    messages = []
    for index, path in enumerate(sorted(folder.glob("msg_*.txt"))):
        recipient = recipients[index % len(recipients)]
        label = path.stem.replace("_", "-")
        head = f"From: CPython {path.stem} <{SENDER}>\r\nTo: {recipient}\r\nX-Demo: {label}\r\n".encode()
        raw = head + without_fields(path.read_bytes(), {b"from", b"to", b"cc", b"bcc", b"sender", b"return-path"})
        messages.append(Message(label, f"CPython's {path.name}", [recipient], raw=raw, own=False))
    return messages


def without_fields(raw, names):
    """The message without header fields of these names; continuation lines go with their field."""
    kept, dropping, lines = [], False, raw.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if not line.strip(b"\r\n"):
            return b"".join(kept + lines[number:])
        if not line.startswith((b" ", b"\t")):
            dropping = bool(HEADER_LINE.match(line)) and line.split(b":", 1)[0].strip().lower() in names
        if not dropping:
            kept.append(line)
    return b"".join(kept)


def _png(chance):
    """A small real PNG."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + chance.randbytes(48) for _ in range(16))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def _test_file():
    """The EICAR test file; in two halves, so that no scanner takes this source for it."""
    return (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-" + "TEST-FILE!$H+H*").encode()
