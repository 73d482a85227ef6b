/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks up the addresses of a host name, within a limit in time. */
#ifndef SF_REDIS_LOOKUP_H
#define SF_REDIS_LOOKUP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SF_REDIS_LOOKUP_MAX 8

/*
 * Fills `out` with the addresses of `name`, the best first, with no port, and
 * `count` with their number, which is not 0. `end_ms` is a time of the
 * monotonic clock. SF_ERR_NOT_FOUND: there is no such name, or no name server
 * knows it. SF_ERR_UNAVAILABLE: the time is over, or the system refuses.
 */
enum sf_err sf_redis_lookup(const char *name, int64_t end_ms,
	struct sockaddr_storage out[SF_REDIS_LOOKUP_MAX],
	size_t *count) SF_MUST_CHECK;

#endif
