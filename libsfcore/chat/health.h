/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the site can serve people (PROTOCOL, "GET health.json"). */
#ifndef SF_HEALTH_H
#define SF_HEALTH_H

#include "store/store.h"

/*
 * Checks that the store can be read and written and, if `config` names a Redis,
 * that Redis answers. One process of the machine checks at a time, and its
 * result holds for a second after the check. While it checks, the others get
 * the last result; if that is older than five seconds, they wait up to ten
 * seconds for the new one. SF_ERR_UNAVAILABLE: one of the two cannot be used
 * now, or the check does not end.
 */
enum sf_err sf_health_check(
	const struct sf_config *config, struct sf_store *store) SF_MUST_CHECK;

#endif
