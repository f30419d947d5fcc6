import ApusSchema
import SESModel
import SwiftProtobuf
import Testing

struct EventJSONTests {
    private func event(_ kind: Apus_V1_SendingEvent.OneOf_Event) -> Apus_V1_SendingEvent {
        var event = Apus_V1_SendingEvent()
        event.messageID = "0100"
        event.account = "123456789012"
        event.acceptedAtMs = 1_768_478_400_000
        event.occurredAtMs = 1_768_478_401_234
        event.mail.source = "A <a@example.com>"
        event.mail.sourceArn = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
        event.mail.destination = ["x@example.net"]
        event.mail.headers = [
            .with {
                $0.name = "From"; $0.value = "A <a@example.com>"
            }
        ]
        event.mail.from = ["A <a@example.com>"]
        event.mail.to = ["x@example.net"]
        event.mail.subject = ""
        event.mail.hasSubject_p = true
        event.tags = [("ses:operation", "SendEmail"), ("t", "1"), ("ses:source-ip", "192.0.2.1"), ("t", "2")].map { name, value in
            .with {
                $0.name = name; $0.value = value
            }
        }
        event.event = kind
        return event
    }

    private func json(_ event: Apus_V1_SendingEvent) -> String {
        var bytes: [UInt8] = []
        #expect(EventJSON.encode(event, into: &bytes))
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let mail =
        #""mail":{"timestamp":"2026-01-15T12:00:00.000Z","source":"A <a@example.com>","sourceArn":"arn:aws:ses:us-east-1:123456789012:identity/example.com","sendingAccountId":"123456789012","messageId":"0100","destination":["x@example.net"],"headersTruncated":false,"headers":[{"name":"From","value":"A <a@example.com>"}],"commonHeaders":{"from":["A <a@example.com>"],"to":["x@example.net"],"messageId":"0100","subject":""},"tags":{"ses:operation":["SendEmail"],"t":["1","2"],"ses:source-ip":["192.0.2.1"]}}"#
    private static let shortMail =
        #""mail":{"timestamp":"2026-01-15T12:00:00.000Z","source":"A <a@example.com>","sourceArn":"arn:aws:ses:us-east-1:123456789012:identity/example.com","sendingAccountId":"123456789012","messageId":"0100","destination":["x@example.net"],"headersTruncated":false,"tags":{"ses:operation":["SendEmail"],"t":["1","2"],"ses:source-ip":["192.0.2.1"]}}"#

    @Test func send() {
        #expect(self.json(self.event(.send(.init()))) == #"{"eventType":"Send",\#(Self.mail),"send":{}}"#)
    }

    @Test func reject() {
        #expect(
            self.json(self.event(.reject(.with { $0.reason = "Bad content" })))
                == #"{"eventType":"Reject",\#(Self.mail),"reject":{"reason":"Bad content"}}"#)
    }

    @Test func delivery() {
        let kind = Apus_V1_SendingEvent.Delivery.with {
            $0.recipients = ["x@example.net"]
            $0.processingTimeMs = 1234
            $0.smtpResponse = "250 2.0.0 OK \"q\""
            $0.reportingMta = "mail.example.com"
        }
        #expect(
            self.json(self.event(.delivery(kind)))
                == #"{"eventType":"Delivery",\#(Self.mail),"delivery":{"timestamp":"2026-01-15T12:00:01.234Z","processingTimeMillis":1234,"recipients":["x@example.net"],"smtpResponse":"250 2.0.0 OK \"q\"","reportingMTA":"mail.example.com"}}"#
        )
    }

    @Test func bounce() {
        let kind = Apus_V1_SendingEvent.Bounce.with {
            $0.bounceType = "Permanent"
            $0.bounceSubType = "General"
            $0.feedbackID = "f"
            $0.reportingMta = "dns; mail.example.com"
            $0.recipients = [
                .with {
                    $0.emailAddress = "x@example.net"
                    $0.action = "failed"
                    $0.status = "5.1.1"
                    $0.diagnosticCode = "smtp; 550 5.1.1 user unknown"
                }
            ]
        }
        #expect(
            self.json(self.event(.bounce(kind)))
                == #"{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"x@example.net","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],"timestamp":"2026-01-15T12:00:01.234Z","feedbackId":"f","reportingMTA":"dns; mail.example.com"},\#(Self.mail)}"#
        )
    }

    @Test func deliveryDelay() {
        let kind = Apus_V1_SendingEvent.DeliveryDelay.with {
            $0.delayType = "TransientCommunicationFailure"
            $0.expirationTimeMs = 1_768_528_800_000
            $0.recipients = [
                .with {
                    $0.emailAddress = "x@example.net"; $0.status = "4.4.1"; $0.diagnosticCode = "smtp; 421 busy"
                }
            ]
        }
        #expect(
            self.json(self.event(.deliveryDelay(kind)))
                == #"{"eventType":"DeliveryDelay",\#(Self.shortMail),"deliveryDelay":{"timestamp":"2026-01-15T12:00:01.234Z","delayType":"TransientCommunicationFailure","expirationTime":"2026-01-16T02:00:00.000Z","delayedRecipients":[{"emailAddress":"x@example.net","status":"4.4.1","diagnosticCode":"smtp; 421 busy"}]}}"#
        )
    }

    @Test func appendsToWhatIsThere() {
        var bytes = Array("[".utf8)
        #expect(EventJSON.encode(self.event(.send(.init())), into: &bytes))
        #expect(bytes.starts(with: Array(#"[{"eventType""#.utf8)))
    }
}
