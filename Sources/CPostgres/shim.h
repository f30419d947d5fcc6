#ifndef APUS_CPOSTGRES_SHIM_H
#define APUS_CPOSTGRES_SHIM_H

#include <libpq-fe.h>
#include <sys/eventfd.h>

// Swift's Glibc module leaves sys/eventfd.h out.
static inline int apus_postgres_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

#endif
