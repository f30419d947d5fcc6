"""A Postfix of its own: Debian's binaries from .build-tools/postfix, folders and port of its own, with or without OpenDKIM.

Postfix starts only as root and asks for two unprivileged users; those of a bare Debian are taken (`mail` for the queue, `nobody`
for the rest), because no user is made for a benchmark. Nothing outside the folder given is read or written, except /etc/services.
"""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess

from processes import Process, cpu_seconds, wait_until

TOOLS = pathlib.Path(__file__).resolve().parent.parent / ".build-tools" / "postfix"
SELECTOR = "bench"
# In the queue's folder, where Postfix's processes are. Over TCP each message waits for delayed acknowledgements.
SIGNER_SOCKET = "dkim.sock"

# What Apus signs, so that both hash the same: DKIMHeaderPolicy.deliverability in Sources/MailAuthentication.
SIGNED = (
    "From,Sender,Reply-To,Subject,Date,Message-ID,To,Cc,MIME-Version,Content-Type,Content-Transfer-Encoding,Content-ID,"
    "Content-Description,Content-Disposition,In-Reply-To,References,List-Id,List-Unsubscribe,List-Unsubscribe-Post,List-Help,"
    "List-Archive,List-Owner,List-Post,List-Subscribe,Feedback-ID,Auto-Submitted,Precedence,Resent-From,Resent-Sender,Resent-To,"
    "Resent-Cc,Resent-Date,Resent-Message-ID"
)
OVERSIGNED = (
    "From,Sender,Reply-To,Subject,Date,Message-ID,To,Cc,MIME-Version,Content-Type,Content-Transfer-Encoding,In-Reply-To,"
    "References,List-Unsubscribe,List-Unsubscribe-Post"
)


def library_path():
    folders = [TOOLS / "usr/lib/postfix", TOOLS / "usr/lib", *TOOLS.glob("usr/lib/*-linux-gnu*"), *TOOLS.glob("lib/*-linux-gnu*")]
    return ":".join(str(folder) for folder in folders)


def environment():
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": library_path(), "LANG": "C", "TZ": "UTC"}


def unavailable():
    """Why Postfix cannot run here, or None."""
    if not (TOOLS / "usr/lib/postfix/sbin/master").exists():
        return "Postfix is not unpacked: scripts/deps-mta.sh"
    if os.geteuid() != 0:
        return "Postfix starts only as root"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def version():
    text = subprocess.run(
        [TOOLS / "usr/sbin/postconf", "-c", TOOLS / "etc/postfix", "-d", "-h", "mail_version"],
        env=environment(), capture_output=True, text=True, check=False,
    ).stdout.strip()
    return text or "of Debian"


class Postfix:
    """`concurrency` is both the number of SMTP servers for the entrance and the number of connections to the sink."""

    def __init__(self, folder, sink, concurrency, sign, key=None, domain="bench.example", sync=True):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.signer = None
        self.settings = {
            "compatibility_level": "3.6",
            "myhostname": "postfix.bench.example", "mydestination": "", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "queue_directory": f"{self.folder}/spool", "data_directory": f"{self.folder}/data",
            "daemon_directory": f"{TOOLS}/usr/lib/postfix/sbin", "command_directory": f"{TOOLS}/usr/sbin",
            "shlib_directory": f"{TOOLS}/usr/lib/postfix", "meta_directory": f"{self.folder}/etc",
            "mail_owner": "mail", "setgid_group": "daemon", "default_privs": "nobody",
            "import_environment": "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH",
            "maillog_file": f"{self.folder}/postfix.log", "maillog_file_prefixes": str(self.folder),
            "alias_maps": "", "alias_database": "", "local_recipient_maps": "", "relay_domains": "",
            "smtpd_recipient_restrictions": "permit_mynetworks, reject", "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "relayhost": f"[{sink[0]}]:{sink[1]}", "disable_dns_lookups": "yes", "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            # The sink offers no TLS in either half.
            "smtp_tls_security_level": "none", "smtpd_tls_security_level": "none",
            # One site is all there is: as many connections to it as asked for, from the first message on, kept and reused.
            "default_process_limit": str(max(100, concurrency)),
            "smtp_destination_concurrency_limit": str(concurrency), "initial_destination_concurrency": str(concurrency),
            "smtp_connection_cache_on_demand": "yes", "smtp_connection_cache_destinations": sink[0],
            "smtpd_client_connection_count_limit": "0", "smtpd_client_connection_rate_limit": "0",
            "smtpd_client_message_rate_limit": "0", "smtpd_client_event_limit_exceptions": "static:all",
            # Postfix slows its entrance down by this when mail comes in faster than it goes out; both halves run flat out.
            "in_flow_delay": "0", "message_size_limit": "52428800",
            "maximal_backoff_time": "10s", "minimal_backoff_time": "5s", "queue_run_delay": "5s",
            "delay_logging_resolution_limit": "3",
        }
        for name in ("spool", "data", "etc"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if sign:
            self._write_signer(key, domain)
            self.settings |= {
                "smtpd_milters": f"unix:{SIGNER_SOCKET}", "milter_default_action": "tempfail", "milter_protocol": "6",
            }

    def _write_signer(self, key, domain):
        """OpenDKIM with Apus's algorithm, canonicalisation and signed fields; its key is another one of the same size."""
        (self.folder / "dkim.pem").write_bytes(key)
        (self.folder / "dkim.pem").chmod(0o600)
        (self.folder / "opendkim.conf").write_text(f"""
Mode s
Domain {domain}
Selector {SELECTOR}
KeyFile {self.folder}/dkim.pem
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
SignHeaders {SIGNED}
OversignHeaders {OVERSIGNED}
Socket local:{SIGNER_SOCKET}
UMask 0000
Background no
Syslog no
InternalHosts 127.0.0.1
MinimumKeyBits 1024
""")
        self.signer = True

    def start(self):
        etc, spool = self.folder / "etc", self.folder / "spool"
        (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in self.settings.items()))
        (etc / "master.cf").write_text(f"""
127.0.0.1:{self.port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")
        for name in ("dynamicmaps.cf", "postfix-files"):
            (etc / name).touch()
        owner = pwd.getpwnam("mail")
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        os.chmod(self.folder, 0o755)
        for name, mode in (("active", 0o700), ("bounce", 0o700), ("corrupt", 0o700), ("defer", 0o700), ("deferred", 0o700),
                           ("flush", 0o700), ("hold", 0o700), ("incoming", 0o700), ("private", 0o700), ("saved", 0o700),
                           ("trace", 0o700), ("maildrop", 0o730), ("public", 0o710), ("pid", 0o755)):
            (spool / name).mkdir(exist_ok=True)
            if name != "pid":
                os.chown(spool / name, owner.pw_uid, -1)
            os.chmod(spool / name, mode)
        if self.signer:
            self.signer = Process(
                [TOOLS / "usr/sbin/opendkim", "-f", "-x", self.folder / "opendkim.conf"], self.folder / "opendkim.log", environment(), spool)
            self.signer.expect((spool / SIGNER_SOCKET).exists, 10, "OpenDKIM's start")
        self.master = Process(
            [TOOLS / "usr/lib/postfix/sbin/master", "-c", etc, "-d"], self.folder / "master.log",
            {**environment(), "MAIL_CONFIG": str(etc)})
        self.master.expect(lambda: answers(self.port), 20, "Postfix's start")

    def cpu_seconds(self):
        return cpu_seconds(self.master.pid) + (cpu_seconds(self.signer.pid) if self.signer else 0)

    def waiting(self):
        """Messages in the queue."""
        return sum(len(files) for name in ("incoming", "active", "deferred", "maildrop")
                   for _, _, files in os.walk(self.folder / "spool" / name))

    def log(self):
        path = self.folder / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else self.master.output()

    def stop(self):
        if hasattr(self, "master"):
            self.master.stop(10)
        if isinstance(self.signer, Process):
            self.signer.stop(5)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False


def smtp_source(port, messages, size, sessions, sender, recipient, log):
    """Postfix's own load generator, without DNS or TLS; a connection is kept for all messages of a session."""
    return Process(
        [TOOLS / "usr/sbin/smtp-source", "-d", "-s", sessions, "-m", messages, "-l", size, "-f", sender, "-t", recipient,
         f"inet:127.0.0.1:{port}"], log, environment())


def smtp_sink(port, log, count=True):
    return Process(
        [TOOLS / "usr/sbin/smtp-sink", *(["-c"] if count else []), "-u", "nobody", f"127.0.0.1:{port}", "1000"], log, environment())
