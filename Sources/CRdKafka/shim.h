#ifndef APUS_CRDKAFKA_SHIM_H
#define APUS_CRDKAFKA_SHIM_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

/* rd_kafka_message_t names its error and private pointer with members that Swift imports, but reading a batch of them through
 * pointers to pointers is clearer in one place. */
static inline rd_kafka_resp_err_t apus_rd_kafka_message_err(const rd_kafka_message_t *message) { return message->err; }

#endif
