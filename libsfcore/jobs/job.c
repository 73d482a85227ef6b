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

static bool has_overdue_kind(const struct sf_job_listing *listing)
{
	for (size_t i = 0; i < listing->kind_count; i++) {
		const struct sf_job_kind *kind = &listing->kinds[i];
		int64_t last_ms = kind->succeeded_ms ? kind->succeeded_ms
						     : kind->since_ms;

		if (listing->now_ms - last_ms > SF_JOB_SUCCESS_MS)
			return true;
	}
	return false;
}

static bool has_waiting_job(const struct sf_job_listing *listing)
{
	for (size_t i = 0; i < listing->job_count; i++)
		if (listing->jobs[i].state == SF_JOB_WAITING &&
			listing->now_ms - listing->jobs[i].when_ms >
				SF_JOB_HEARTBEAT_MS)
			return true;
	return false;
}

static bool has_living_worker(const struct sf_job_listing *listing)
{
	for (size_t i = 0; i < listing->worker_count; i++)
		if (listing->now_ms - listing->workers[i].heartbeat_ms <=
			SF_JOB_HEARTBEAT_MS)
			return true;
	return false;
}

size_t sf_job_alarms(const struct sf_job_listing *listing,
	const char *out[SF_JOB_ALARMS_MAX])
{
	size_t count = 0;

	if (sf_job_count(listing, SF_JOB_FAILED) > 0)
		out[count++] = "a job has failed for good";
	if (has_overdue_kind(listing))
		out[count++] = "a kind of job has not succeeded in the last "
			       "hour";
	if (has_waiting_job(listing) && !has_living_worker(listing))
		out[count++] = "a job waits, but no worker runs";
	return count;
}

void sf_job_listing_release(struct sf_job_listing *listing)
{
	free(listing->workers);
	free(listing->jobs);
	free(listing->kinds);
	*listing = (struct sf_job_listing){ .now_ms = 0 };
}
