/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many chats one address may create. Remembers a time per address, under
 * a keyed hash, on this machine only; never an address.
 */
#ifndef SF_LIMIT_H
#define SF_LIMIT_H

#include "base/config.h"

/*
 * Counts one creation by address (REMOTE_ADDR; of IPv6 its /64 counts) at
 * now_ms. SF_ERR_TOO_MANY: it must wait retry_seconds first. Where nothing can
 * be counted, everything is allowed.
 */
enum sf_err sf_limit_take(const struct sf_config *config, const char *address,
	int64_t now_ms, int64_t *retry_seconds) SF_MUST_CHECK;

#endif
