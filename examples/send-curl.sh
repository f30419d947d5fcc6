#!/bin/sh
# Send a message through Apus with curl 7.75 or newer, which signs the request by itself.
set -eu

curl --silent --show-error --fail-with-body \
    --aws-sigv4 "aws:amz:${AWS_DEFAULT_REGION:-us-east-1}:ses" \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    --header 'Content-Type: application/json' \
    --data '{
        "FromEmailAddress": "'"$SENDER"'",
        "Destination": {"ToAddresses": ["'"$RECIPIENT"'"]},
        "Content": {"Simple": {"Subject": {"Data": "From curl"}, "Body": {"Text": {"Data": "Hello."}}}}
    }' \
    "$ENDPOINT_URL/v2/email/outbound-emails"
