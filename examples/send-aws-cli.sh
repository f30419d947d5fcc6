#!/bin/sh
# Send a message through Apus with the AWS CLI; --endpoint-url is the only change.
set -eu

aws sesv2 send-email \
    --endpoint-url "$ENDPOINT_URL" \
    --from-email-address "$SENDER" \
    --destination "ToAddresses=$RECIPIENT" \
    --content '{"Simple": {"Subject": {"Data": "From the AWS CLI"}, "Body": {"Text": {"Data": "Hello.\n"}}}}'
