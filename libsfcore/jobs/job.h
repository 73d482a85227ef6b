/* SPDX-License-Identifier: BSD-3-Clause */
/* Background jobs and the workers that run them, as plain data. */
#ifndef SF_JOB_H
#define SF_JOB_H

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

#define SF_JOB_ID_MAX 24 /* a decimal number */
#define SF_JOB_KIND_MAX 32
#define SF_JOB_WORKER_MAX 96 /* "host:process" */
#define SF_JOB_ERROR_MAX 96

enum sf_job_state {
	SF_JOB_WAITING, /* for a worker */
	SF_JOB_DELAYED, /* after a failure, until it is tried again */
	SF_JOB_RUNNING,
	SF_JOB_FAILED, /* for good, unless it is requeued */
	SF_JOB__MAX
};

struct sf_job {
	char id[SF_JOB_ID_MAX];
	char kind[SF_JOB_KIND_MAX];
	char worker[SF_JOB_WORKER_MAX]; /* that runs the job; or "" */
	char error[SF_JOB_ERROR_MAX];   /* of the last failure; or "" */
	enum sf_job_state state;
	/*
	 * The time that goes with the state: waiting since, delayed until,
	 * lease ends at, or failed at.
	 */
	int64_t when_ms;
	int64_t starts;
	int64_t failures; /* since it was queued or requeued */
};

struct sf_job_worker {
	char name[SF_JOB_WORKER_MAX];
	int64_t heartbeat_ms;
};

/* What is known of the jobs of one kind that have ended. */
struct sf_job_kind {
	char name[SF_JOB_KIND_MAX];
	int64_t since_ms;     /* when a job of this kind first ended */
	int64_t succeeded_ms; /* the end of the last success; 0: none yet */
	int64_t took_ms;      /* by that success */
	char result[SF_JOB_ERROR_MAX];
	int64_t failed_ms; /* the end of the last failure; 0: none yet */
	char error[SF_JOB_ERROR_MAX];
};

/*
 * All jobs and workers at one moment. Times are by Redis' clock, since 1970.
 */
struct sf_job_listing {
	int64_t now_ms;
	size_t worker_count;
	size_t job_count;
	struct sf_job_worker *workers;
	struct sf_job *jobs; /* in the order of the states, oldest first */
	size_t kind_count;
	struct sf_job_kind *kinds; /* in the order of their names */
};

/* Returns the word for a state. */
const char *sf_job_state_name(enum sf_job_state state);

/* Returns how many jobs of the listing are in that state. */
size_t sf_job_count(
	const struct sf_job_listing *listing, enum sf_job_state state);

#define SF_JOB_ALARMS_MAX 3
/* A site's schedule queues each kind of job at least twice in this time. */
#define SF_JOB_SUCCESS_MS 3600000
/* A worker shows a sign of life each second, and while it works, every few. */
#define SF_JOB_HEARTBEAT_MS 60000

/*
 * Fills `out` with the reasons to call an operator, texts that live as long as
 * the program, and returns their number: a job has failed for good; a kind of
 * job has not succeeded for SF_JOB_SUCCESS_MS, or never since its first job
 * ended that long ago; a job has waited for SF_JOB_HEARTBEAT_MS and no worker
 * has shown a sign of life in that time.
 */
size_t sf_job_alarms(const struct sf_job_listing *listing,
	const char *out[SF_JOB_ALARMS_MAX]);

/* Frees what `listing` holds. */
void sf_job_listing_release(struct sf_job_listing *listing);

#endif
