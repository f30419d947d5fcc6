#ifndef APUS_CSPAWN_SHIM_H
#define APUS_CSPAWN_SHIM_H

#include <spawn.h>

// In glibc since 2.34, and left out of Swift's Glibc module because it is no standard.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

#endif
