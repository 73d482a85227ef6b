/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the site is doing, for an operator: numbers alone, with no token and no
 * address.
 */
#ifndef SF_SITE_H
#define SF_SITE_H

#include "jobs/job.h"
#include "store/store.h"

/* A store that is fuller than this is an alarm. */
#define SF_SITE_FULL_PERCENT 80

enum sf_site_part_state {
	SF_SITE_ABSENT, /* there is none, or no Redis is set */
	SF_SITE_DOWN,   /* it cannot be used; the log says why */
	SF_SITE_UP
};

#define SF_SITE_ALARMS_MAX (SF_JOB_ALARMS_MAX + 6)

struct sf_site {
	int64_t now_ms;
	int64_t lifetime_ms;
	int64_t recent_ms; /* the longest poll: who may wait now */
	enum sf_site_part_state store;
	struct sf_survey survey; /* if the store is up */
	enum sf_site_part_state redis;
	/* The jobs in each state, if Redis is up. */
	int64_t jobs[SF_JOB__MAX];
	/*
	 * The last sweep: of all machines if Redis is up, otherwise of this
	 * one. The name is "" if none has ended.
	 */
	struct sf_job_kind sweep;
	/* What this machine has refused; 0: nothing has been counted yet. */
	int64_t since_ms;
	int64_t refused[SF_ERR__MAX];
	size_t alarm_count;
	const char *alarms[SF_SITE_ALARMS_MAX];
};

/*
 * Looks at the store, the queue and the counters of this machine, and raises
 * the alarms. Changes nothing. A part that cannot be used is an alarm itself.
 */
void sf_site_read(const struct sf_config *config, struct sf_site *out);

/* The term for a refusal, such as "unauthorized"; NULL: it is not counted. */
const char *sf_site_refusal_name(enum sf_err err);

/*
 * Prints lines for people, a line of JSON, or the text format of Prometheus.
 * The numbers of a part that is not up are missing.
 */
void sf_site_print_text(const struct sf_site *site, FILE *out);
void sf_site_print_json(const struct sf_site *site, FILE *out);
void sf_site_print_prometheus(const struct sf_site *site, FILE *out);

#endif
