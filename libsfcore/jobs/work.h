/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What background jobs do, by their kind (PROTOCOL, "Background jobs"). A job
 * works in short steps and may be stopped between any two: run again, it does
 * what is left.
 */
#ifndef SF_WORK_H
#define SF_WORK_H

#include "base/config.h"

#include <stdbool.h>

/* Closes what is over its lifetime and removes what is to be forgotten. */
#define SF_WORK_TERMINATE "terminate"

struct sf_work {
	const struct sf_config *config;
	/* Whether to go on, asked before each step; NULL: always. */
	bool (*may_go_on)(void *asked);
	void *asked;
	struct sf_detail detail; /* in the end: what was done, or why not */
};

/*
 * SF_ERR_NOT_FOUND: there is no such kind. SF_ERR_CONFLICT: it was told not to
 * go on. Other errors as sf_store_sweep().
 */
enum sf_err sf_work_run(struct sf_work *work, const char *kind) SF_MUST_CHECK;

#endif
