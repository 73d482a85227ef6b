/* SPDX-License-Identifier: BSD-3-Clause */
/* Jobs as plain data. Must not know where jobs are kept nor what they do. */
#include "jobs/job.h"

const char *sf_job_state_name(enum sf_job_state state)
{
	static const char *const names[SF_JOB__MAX] = {
		[SF_JOB_WAITING] = "waiting",
		[SF_JOB_DELAYED] = "delayed",
		[SF_JOB_RUNNING] = "running",
		[SF_JOB_FAILED] = "failed",
	};

	return names[state];
}

size_t sf_job_count(
	const struct sf_job_listing *listing, enum sf_job_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < listing->job_count; i++)
		count += listing->jobs[i].state == state;
	return count;
}

void sf_job_listing_release(struct sf_job_listing *listing)
{
	free(listing->workers);
	free(listing->jobs);
	*listing = (struct sf_job_listing){ .now_ms = 0 };
}
