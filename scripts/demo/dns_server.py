"""An authoritative DNS server for one zone, over UDP and TCP, on a free port of 127.0.0.1."""

import socket
import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zonefile


class LocalDNS:
    """Answers for names below `apex` from the records added; anything else is refused."""

    def __init__(self, apex):
        self.apex = dns.name.from_text(apex)
        self.records = {}
        self.lock = threading.Lock()
        self.queries = 0
        # That a name is not there may be remembered for a second only: the records of a new identity come a moment later.
        soa = dns.rrset.from_text(f"{apex}.", 1, "IN", "SOA", f"ns.{apex}. hostmaster.{apex}. 1 3600 600 86400 1")
        self.records[(self.apex, soa.rdtype)] = soa
        self.add(f"{apex}. IN NS ns.{apex}.\nns.{apex}. IN A 127.0.0.1\n")
        self.udp, self.tcp = self._bind()
        self.port = self.udp.server_address[1]
        for server in (self.udp, self.tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def add(self, text):
        """Adds records in zone-file form with absolute names; returns how many."""
        rrsets = dns.zonefile.read_rrsets(text, rdclass=None, default_ttl=5, origin=dns.name.root)
        count = 0
        with self.lock:
            for rrset in rrsets:
                if not rrset.name.is_subdomain(self.apex):
                    raise ValueError(f"{rrset.name} is not below {self.apex}")
                have = self.records.setdefault((rrset.name, rrset.rdtype), dns.rrset.RRset(rrset.name, rrset.rdclass, rrset.rdtype))
                have.update(rrset)
                # Short, because identities are looked up again while the demo runs.
                have.ttl = 5
                count += len(rrset)
        return count

    def answer(self, wire, limit):
        """The reply to a query, at most `limit` bytes (then truncated, so that the client comes back by TCP)."""
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        self.queries += 1
        question = query.question[0]
        name = question.name
        if not name.is_subdomain(self.apex):
            reply.set_rcode(dns.rcode.REFUSED)
            return reply.to_wire()
        reply.flags |= dns.flags.AA
        with self.lock:
            names = {known for known, _ in self.records}
            for _ in range(8):
                if found := self.records.get((name, question.rdtype)):
                    reply.answer.append(found)
                    break
                alias = self.records.get((name, dns.rdatatype.CNAME))
                if alias is None:
                    if not any(known.is_subdomain(name) for known in names):
                        reply.set_rcode(dns.rcode.NXDOMAIN)
                    reply.authority.append(self.records[(self.apex, dns.rdatatype.SOA)])
                    break
                reply.answer.append(alias)
                name = alias[0].target
        wire = reply.to_wire(max_size=65535)
        if len(wire) <= limit:
            return wire
        short = dns.message.make_response(query)
        short.flags |= dns.flags.AA | dns.flags.TC
        return short.to_wire()

    def _bind(self):
        zone = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                wire, server = self.request
                try:
                    payload = dns.message.from_wire(wire).payload
                    server.sendto(zone.answer(wire, max(512, payload)), self.client_address)
                except Exception:  # a packet that is no query gets no answer
                    return

        class Stream(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self):
                try:
                    while len(head := self.rfile.read(2)) == 2:
                        wire = zone.answer(self.rfile.read(struct.unpack("!H", head)[0]), 65535)
                        self.wfile.write(struct.pack("!H", len(wire)) + wire)
                except Exception:
                    return

        class UDP(socketserver.ThreadingUDPServer):
            daemon_threads = True

        class TCP(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        for _ in range(50):
            udp = UDP(("127.0.0.1", 0), Datagram)
            try:
                return udp, TCP(udp.server_address, Stream)
            except OSError:
                udp.server_close()
        raise OSError("no port of 127.0.0.1 is free for both UDP and TCP")

    def close(self):
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()


def free_port_on(addresses):
    """A TCP port that is free on each of the addresses."""
    for _ in range(100):
        sockets = []
        try:
            port = 0
            for address in addresses:
                probe = socket.socket()
                sockets.append(probe)
                probe.bind((address, port))
                port = probe.getsockname()[1]
            return port
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise OSError("no port is free on all of " + ", ".join(addresses))
