/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The work of each kind of background job (PROTOCOL, "Background jobs"). A job
 * works in short steps and may be stopped between any two of them. If a stopped
 * job is run again, it does the rest.
 */
#ifndef SF_WORK_H
#define SF_WORK_H

#include "store/store.h"

/*
 * Closes the chats that have reached their lifetime, and removes the closed
 * chats that are empty or an hour over their lifetime.
 */
#define SF_WORK_TERMINATE "terminate"

struct sf_work {
	const struct sf_config *config;
	/* Called before each step: false stops the job. NULL: never stop. */
	bool (*may_go_on)(void *argument);
	void *argument; /* of `may_go_on` */
	/* When the job has ended: its results, or why it failed. */
	struct sf_detail detail;
};

/*
 * Runs a job of that kind. SF_ERR_NOT_FOUND: there is no such kind.
 * SF_ERR_CONFLICT: `may_go_on` stopped the job. Other errors as
 * sf_work_find_store() and sf_store_sweep().
 */
enum sf_err sf_work_run(struct sf_work *work, const char *kind) SF_MUST_CHECK;

/*
 * Opens the store for background work, as sf_store_find(). A store that is
 * missing is SF_ERR_UNAVAILABLE too, and `detail` says so.
 */
enum sf_err sf_work_find_store(const struct sf_config *config,
	struct sf_store **out, struct sf_detail *detail) SF_MUST_CHECK;

/* Describes the results of SF_WORK_TERMINATE, each a number of chats. */
void sf_work_describe(int64_t closed, int64_t removed, int64_t unreadable,
	char *out, size_t size);

#endif
