"""Every operation that Apus has, through boto3 as it is. Fails with a trace; prints `sent MESSAGE-ID` for each message."""

import os

import boto3
import botocore.client
import botocore.config
import botocore.exceptions

ses = boto3.client(
    "sesv2", endpoint_url=os.environ["ENDPOINT_URL"], config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}))


def refused(code, status, operation, **arguments):
    """The call must fail with this error, and as the class that the SDK's model has for it."""
    try:
        answer = operation(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        if hasattr(ses.exceptions, code):
            assert isinstance(error, getattr(ses.exceptions, code)), error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{operation.__name__} answered {answer}")


def sent(**arguments):
    answer = ses.send_email(**arguments)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200, answer
    assert len(answer["MessageId"]) == 60, answer
    print("sent", answer["MessageId"])


# Configuration sets.
ses.create_configuration_set(
    ConfigurationSetName="first", DeliveryOptions={"TlsPolicy": "OPTIONAL", "MaxDeliverySeconds": 3600},
    ReputationOptions={"ReputationMetricsEnabled": True}, SendingOptions={"SendingEnabled": True},
    SuppressionOptions={"SuppressedReasons": ["BOUNCE"]}, Tags=[{"Key": "team", "Value": "post"}])
ses.create_configuration_set(ConfigurationSetName="paused", SendingOptions={"SendingEnabled": False})
refused("AlreadyExistsException", 400, ses.create_configuration_set, ConfigurationSetName="first")
found = ses.get_configuration_set(ConfigurationSetName="first")
assert found["ConfigurationSetName"] == "first", found
assert found["DeliveryOptions"]["TlsPolicy"] == "OPTIONAL", found
assert found["DeliveryOptions"]["MaxDeliverySeconds"] == 3600, found
assert found["SendingOptions"]["SendingEnabled"] is True, found
assert found["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE"], found
assert found["Tags"] == [{"Key": "team", "Value": "post"}], found
refused("NotFoundException", 404, ses.get_configuration_set, ConfigurationSetName="missing")
for number in range(3):
    ses.create_configuration_set(ConfigurationSetName=f"page-{number}")
names, token = [], None
while True:
    page = ses.list_configuration_sets(PageSize=2, **({"NextToken": token} if token else {}))
    assert len(page["ConfigurationSets"]) <= 2, page
    names += page["ConfigurationSets"]
    token = page.get("NextToken")
    if not token:
        break
assert sorted(names) == ["first", "page-0", "page-1", "page-2", "paused"], names

# Identities.
made = ses.create_email_identity(EmailIdentity="shop.example", Tags=[{"Key": "a", "Value": "b"}], ConfigurationSetName="first")
assert made["IdentityType"] == "DOMAIN", made
assert made["VerifiedForSendingStatus"] is False, made
assert len(made["DkimAttributes"]["Tokens"]) == 3, made
assert made["DkimAttributes"]["SigningAttributesOrigin"] == "AWS_SES", made
refused("AlreadyExistsException", 400, ses.create_email_identity, EmailIdentity="shop.example")
refused("NotFoundException", 404, ses.create_email_identity, EmailIdentity="other.example", ConfigurationSetName="missing")
refused("BadRequestException", 400, ses.create_email_identity, EmailIdentity="no domain!")
found = ses.get_email_identity(EmailIdentity="shop.example")
assert found["IdentityType"] == "DOMAIN" and found["VerificationStatus"] in ("PENDING", "NOT_STARTED"), found
assert found["DkimAttributes"]["Tokens"] == made["DkimAttributes"]["Tokens"], found
assert found["ConfigurationSetName"] == "first" and found["Tags"] == [{"Key": "a", "Value": "b"}], found
assert found["MailFromAttributes"]["BehaviorOnMxFailure"] == "USE_DEFAULT_VALUE", found
ses.create_email_identity(EmailIdentity="user+tag/e@shop.example")
assert ses.get_email_identity(EmailIdentity="user+tag/e@shop.example")["IdentityType"] == "EMAIL_ADDRESS"
refused("NotFoundException", 404, ses.get_email_identity, EmailIdentity="missing.example")
assert ses.get_email_identity(EmailIdentity="example.com")["VerifiedForSendingStatus"] is True
names, token = {}, None
while True:
    page = ses.list_email_identities(PageSize=2, **({"NextToken": token} if token else {}))
    assert len(page["EmailIdentities"]) <= 2, page
    names |= {entry["IdentityName"]: entry for entry in page["EmailIdentities"]}
    token = page.get("NextToken")
    if not token:
        break
assert set(names) == {"example.com", "shop.example", "user+tag/e@shop.example"}, names
assert names["example.com"]["SendingEnabled"] is True and names["shop.example"]["SendingEnabled"] is False, names
ses.delete_email_identity(EmailIdentity="user+tag/e@shop.example")
refused("NotFoundException", 404, ses.delete_email_identity, EmailIdentity="user+tag/e@shop.example")

# The account.
account = ses.get_account()
assert account["SendingEnabled"] is True and account["ProductionAccessEnabled"] is True, account
assert account["EnforcementStatus"] == "HEALTHY", account
before = account["SendQuota"]["SentLast24Hours"]

# Messages.
simple = {"Simple": {"Subject": {"Data": "Grüße 🕊"}, "Body": {"Text": {"Data": "Hällo\n"}, "Html": {"Data": "<b>Hällo</b>"}}}}
to = {"ToAddresses": ["Grace Höpper <grace@remote.test>"]}
sent(FromEmailAddress="Ada <ada@example.com>", Destination=to, Content=simple, ConfigurationSetName="first",
     EmailTags=[{"Name": "campaign", "Value": "one"}], ReplyToAddresses=["reply@example.com"])
sent(Destination={"ToAddresses": ["grace@remote.test"]}, Content={"Raw": {
    "Data": b"From: ada@example.com\r\nTo: grace@remote.test\r\nSubject: raw\r\n\r\nRaw.\r\n"}})
# Recipients out of the message itself.
sent(Content={"Raw": {"Data": b"From: ada@example.com\r\nTo: grace@remote.test\r\nBcc: kurt@remote.test\r\nSubject: raw\r\n\r\nRaw.\r\n"}})
sent(FromEmailAddress="ada@sub.example.com", Destination=to, Content={"Simple": simple["Simple"] | {
    "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"}],
    "Attachments": [
        {"FileName": "ünï.txt", "RawContent": b"attached", "ContentType": "text/plain", "ContentDisposition": "ATTACHMENT"},
        {"FileName": "dot.png", "RawContent": bytes(range(256)), "ContentType": "image/png", "ContentDisposition": "INLINE", "ContentId": "dot"},
    ]}})
assert ses.get_account()["SendQuota"]["SentLast24Hours"] == before + 5
refused("MessageRejected", 400, ses.send_email, FromEmailAddress="a@shop.example", Destination=to, Content=simple)
refused("NotFoundException", 404, ses.send_email, FromEmailAddress="a@example.com", Destination=to, Content=simple, ConfigurationSetName="missing")
refused("SendingPausedException", 400, ses.send_email, FromEmailAddress="a@example.com", Destination=to, Content=simple, ConfigurationSetName="paused")
refused("BadRequestException", 400, ses.send_email, FromEmailAddress="a@example.com", Destination={"ToAddresses": ["nobody"]}, Content=simple)

# The end of it.
ses.delete_email_identity(EmailIdentity="shop.example")
for name in ("page-0", "page-1", "page-2", "paused", "first"):
    ses.delete_configuration_set(ConfigurationSetName=name)
refused("NotFoundException", 404, ses.delete_configuration_set, ConfigurationSetName="first")
assert ses.list_configuration_sets().get("ConfigurationSets", []) == []
print("all operations answered as they should")
