/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many chats one address may create. The file "limit" of the runtime
 * directory holds times, and never an address: a keyed hash of the address is
 * the index of its time. Two addresses may share a time.
 */
#ifndef SF_LIMIT_H
#define SF_LIMIT_H

#include "base/config.h"

/*
 * Counts one creation by `address` (REMOTE_ADDR; an IPv6 address counts by its
 * /64) at `now_ms` of CLOCK_MONOTONIC. SF_ERR_TOO_MANY: the address may create
 * its next chat in `retry_seconds`. If the file cannot be used, every creation
 * is allowed.
 */
enum sf_err sf_limit_count(const struct sf_config *config, const char *address,
	int64_t now_ms, int64_t *retry_seconds) SF_MUST_CHECK;

#endif
