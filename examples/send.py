"""Send a message through Apus with boto3. `endpoint_url` is the only line that differs from sending through Amazon SES."""

import os

import boto3

ses = boto3.client("sesv2", endpoint_url=os.environ["ENDPOINT_URL"])

answer = ses.send_email(
    FromEmailAddress=os.environ["SENDER"],
    Destination={"ToAddresses": [os.environ["RECIPIENT"]]},
    Content={"Simple": {
        "Subject": {"Data": "Grüße von Apus 🕊"},
        "Body": {"Text": {"Data": "The first message.\n"}, "Html": {"Data": "<p>The <b>first</b> message.</p>"}},
    }},
)
print(answer["MessageId"])
