/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the site can serve people (PROTOCOL, "GET health.json"). */
#ifndef SF_HEALTH_H
#define SF_HEALTH_H

#include "store/store.h"

/*
 * Checks that the store can be read and written and, if `config` names a Redis,
 * that Redis answers. All processes of the machine share a result for a second.
 * SF_ERR_UNAVAILABLE: one of the two cannot be used now.
 */
enum sf_err sf_health_check(
	const struct sf_config *config, struct sf_store *store) SF_MUST_CHECK;

#endif
