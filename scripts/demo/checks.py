"""Whether what the far servers stored is what was sent: by dkimpy, by Python's e-mail parser, and byte by byte."""

import email
import email.header
import email.policy
import email.utils
import re

import dkim
import dns.resolver

# Header fields that the service writes, or takes out, as Amazon SES does; all others must come through as they are.
REWRITTEN = {b"message-id", b"date", b"return-path", b"bcc", b"feedback-id", b"dkim-signature", b"mime-version"}


def resolver(port):
    """A resolver of dnspython's that asks only the demo's DNS server."""
    local = dns.resolver.Resolver(configure=False)
    local.nameservers, local.port, local.lifetime = ["127.0.0.1"], port, 5
    local.cache = dns.resolver.Cache()
    return local


def key_lookup(local):
    """What dkimpy asks for keys: TXT records, through CNAMEs, by real DNS."""
    def look_up(name, timeout=5):
        try:
            answer = local.resolve(name.decode().rstrip(".") + ".", "TXT", lifetime=timeout)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        return b"".join(answer[0].strings)
    return look_up


def dkim_problems(stored, look_up, domain):
    """[] when there is a signature, every one verifies, and one is the sender's."""
    problems, domains = [], []
    try:
        count = len(re.findall(rb"(?im)^dkim-signature:", stored.split(b"\r\n\r\n", 1)[0]))
        for index in range(count):
            verifier = dkim.DKIM(stored)
            if not verifier.verify(idx=index, dnsfunc=look_up):
                problems.append(f"dkimpy: signature {index + 1} of {count} does not verify")
            domains.append(verifier.domain.decode())
            if b"from" not in verifier.include_headers:
                problems.append("From is not signed")
    except Exception as error:  # dkimpy raises its own for syntax, ValueError and others for keys
        problems.append(f"dkimpy: {type(error).__name__}: {error}")
    if domain not in domains:
        problems.append(f"no signature of {domain}")
    return problems


def crlf(data):
    """With CRLF line ends, as SMTP carries it, and one at the end."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")


def split(data):
    """Header fields (each with its continuation lines), body, and whether an empty line parts them.

    A line that is neither a field nor the continuation of one ends the header as well; the service then writes the empty line.
    """
    fields, lines = [], crlf(data).split(b"\r\n")
    for number, line in enumerate(lines):
        if not line:
            return fields, b"\r\n".join(lines[number + 1:]), True
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + line
        elif FIELD.match(line):
            fields.append(line)
        else:
            return fields, b"\r\n".join(lines[number:]), False
    return fields, b"", False


def raw_problems(sent, stored):
    """[] when every header field that is not the service's came through in order, and the body to the byte."""
    problems = []
    sent_fields, sent_body, _ = split(sent)
    stored_fields, stored_body, _ = split(stored)
    if sent_body != stored_body:
        where = next((i for i, (a, b) in enumerate(zip(sent_body, stored_body)) if a != b), min(len(sent_body), len(stored_body)))
        problems.append(f"body differs at byte {where}: {sent_body[where:where + 30]!r} became {stored_body[where:where + 30]!r}")
    rest = iter(stored_fields)
    for field in sent_fields:
        if field.split(b":", 1)[0].strip().lower() in REWRITTEN:
            continue
        if not any(candidate == field for candidate in rest):
            problems.append(f"header field is gone or changed: {field[:60]!r}")
            break
    return problems


def first_name(stored, field):
    """The display name of a header field's first address, decoded.

    By the parser's older interface: the newer one of Python 3.11 reads blanks into a name of several encoded words.
    """
    written = email.message_from_bytes(stored, policy=email.policy.compat32)[field]
    name, _ = email.utils.getaddresses([written])[0]
    return str(email.header.make_header(email.header.decode_header(name)))


def parsed_problems(message, stored):
    """[] when Python's parser finds in the stored bytes what the caller gave."""
    parsed = email.message_from_bytes(stored, policy=email.policy.default)
    problems = [f"parser: {type(defect).__name__}" for part in parsed.walk() for defect in part.defects]

    def same(what, expected, found):
        if expected != found:
            problems.append(f"{what}: {str(expected)[:60]!r} became {str(found)[:60]!r}")

    same("subject", message.subject, parsed["subject"] or "")
    same("From", ["orders@shop.example"], [address.addr_spec for address in parsed["from"].addresses])
    same("sender's name", message.sender_name, first_name(stored, "from"))
    same("To", message.to, [address.addr_spec for address in parsed["to"].addresses])
    same("recipient's name", message.to_name, first_name(stored, "to"))
    same("Cc", message.cc, [address.addr_spec for address in parsed["cc"].addresses] if parsed["cc"] else [])
    if parsed["bcc"] is not None:
        problems.append("Bcc arrived")
    for kind, expected in (("plain", message.text), ("html", message.html)):
        part = parsed.get_body((kind,))
        found = part.get_content().replace("\r\n", "\n") if part is not None else ""
        # A body part ends with its last line; whether that line's end is part of it, MIME leaves open.
        same(kind, expected.rstrip("\n"), found.rstrip("\n"))
    files = [part for part in parsed.walk() if part.get_filename()]
    same("attachments", [part.name for part in message.attachments], [part.get_filename() for part in files])
    for sent, part in zip(message.attachments, files):
        same(f"type of {sent.name}", sent.type, part.get_content_type())
        if part.get_payload(decode=True) != sent.data:
            problems.append(f"{sent.name}: {len(sent.data)} bytes became {len(part.get_payload(decode=True) or b'')} others")
        if sent.content_id:
            same(f"Content-ID of {sent.name}", f"<{sent.content_id}>", part["content-id"])
    return problems


def defects(data):
    parsed = email.message_from_bytes(data, policy=email.policy.compat32)
    return sorted(type(defect).__name__ for part in parsed.walk() for defect in part.defects)


def problems(message, stored, look_up):
    """Everything that is wrong with one stored copy of a message."""
    found = dkim_problems(stored, look_up, "shop.example")
    if message.own:
        found += parsed_problems(message, stored)
    elif split(message.raw)[2]:  # else the parser rightly finds one defect less
        before, after = defects(crlf(message.raw)), defects(stored)
        if before != after:
            found.append(f"parser: {before} before, {after} after")
    if message.raw:
        found += raw_problems(message.raw, stored)
    return found


def right_refusal(message, error):
    """Whether a refused message had to be: Amazon SES takes some header fields once only, and the message has that one twice."""
    named = re.search(r"Duplicate header '([^']+)'", error)
    if not named or message.own:
        return False
    names = [field.split(b":", 1)[0].strip().lower() for field in split(message.raw)[0]]
    return names.count(named[1].encode().lower()) > 1
