#ifndef APUS_CUNBOUND_SHIM_H
#define APUS_CUNBOUND_SHIM_H

#include <sys/eventfd.h>
#include <unbound.h>

// Swift's Glibc module leaves sys/eventfd.h out.
static inline int apus_unbound_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

#endif
