/* SPDX-License-Identifier: BSD-3-Clause */
/* The listing of jobs as JSON, for other programs. */
#ifndef SF_JOBS_JSON_H
#define SF_JOBS_JSON_H

#include "jobs/job.h"

/*
 * Prints a line of JSON: {"nowMs":…,"queues":[{"name":"waiting","length":0},
 * …],"workers":[…],"jobs":[…],"kinds":[…],"alarms":["…"]}, with the members
 * that job.h names. ferror(3) tells whether a write has failed.
 */
void sf_jobs_json_print(const struct sf_job_listing *listing, FILE *out);

#endif
