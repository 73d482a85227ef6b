/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be told of background jobs and of the workers that run them. */
#ifndef SF_JOB_H
#define SF_JOB_H

#include "base/banned.h"

#include <stdint.h>

#define SF_JOB_ID_MAX 24 /* a decimal number */
#define SF_JOB_KIND_MAX 32
#define SF_JOB_WORKER_MAX 96 /* "host:process" */
#define SF_JOB_ERROR_MAX 96

enum sf_job_state {
	SF_JOB_WAITING, /* for a worker */
	SF_JOB_DELAYED, /* after a failure, for its time */
	SF_JOB_RUNNING,
	SF_JOB_FAILED, /* for good, unless it is requeued */
	SF_JOB__MAX
};

struct sf_job {
	char id[SF_JOB_ID_MAX];
	char kind[SF_JOB_KIND_MAX];
	char worker[SF_JOB_WORKER_MAX]; /* that runs it; or "" */
	char error[SF_JOB_ERROR_MAX];   /* of its last failure; or "" */
	enum sf_job_state state;
	/* Waiting since, delayed until, this worker's until, failed at. */
	int64_t when_ms;
	int64_t starts;
	int64_t failures; /* since it was queued or requeued */
};

struct sf_job_worker {
	char name[SF_JOB_WORKER_MAX];
	int64_t heartbeat_ms;
};

/* Everything at one moment; times are by Redis' clock, since 1970. */
struct sf_job_listing {
	int64_t now_ms;
	size_t worker_count;
	size_t job_count;
	struct sf_job_worker *workers;
	struct sf_job *jobs; /* in the order of the states, oldest first */
};

/* The word for a state. */
const char *sf_job_state_name(enum sf_job_state state);

/* How many jobs are in that state. */
size_t sf_job_count(
	const struct sf_job_listing *listing, enum sf_job_state state);

/* Frees what listing holds. */
void sf_job_listing_release(struct sf_job_listing *listing);

#endif
