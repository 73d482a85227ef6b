/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of jobs, and the listing of jobs. */
#include "jobs/job.h"
#include "support.h"

static void states_have_names(void **state)
{
	static const char *const names[] = { "waiting", "delayed", "running",
		"failed" };

	(void)state;
	for (int i = 0; i < SF_JOB__MAX; i++)
		assert_string_equal(
			sf_job_state_name((enum sf_job_state)i), names[i]);
}

static void a_listing_is_counted_and_released(void **state)
{
	struct sf_job_listing listing = {
		.now_ms = 1,
		.job_count = 3,
		.jobs = calloc(3, sizeof(struct sf_job)),
		.workers = calloc(1, sizeof(struct sf_job_worker)),
	};

	(void)state;
	assert_true(listing.jobs && listing.workers);
	listing.jobs[0].state = SF_JOB_RUNNING;
	listing.jobs[1].state = SF_JOB_FAILED;
	listing.jobs[2].state = SF_JOB_FAILED;
	assert_int_equal(sf_job_count(&listing, SF_JOB_FAILED), 2);
	assert_int_equal(sf_job_count(&listing, SF_JOB_RUNNING), 1);
	assert_int_equal(sf_job_count(&listing, SF_JOB_WAITING), 0);
	sf_job_listing_release(&listing);
	assert_int_equal(listing.job_count, 0);
	assert_null(listing.jobs);
	assert_null(listing.workers);
}

static void assert_alarms(
	const struct sf_job_listing *listing, const char *expected)
{
	const char *alarms[SF_JOB_ALARMS_MAX];
	size_t count = sf_job_alarms(listing, alarms);
	char text[256] = "";

	for (size_t i = 0; i < count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s; ", alarms[i]);
	assert_string_equal(text, expected);
}

static void a_failed_job_is_an_alarm(void **state)
{
	struct sf_job jobs[] = { { .state = SF_JOB_DELAYED },
		{ .state = SF_JOB_FAILED } };
	struct sf_job_listing listing = { .job_count = 1, .jobs = jobs };

	(void)state;
	assert_alarms(&listing, "");
	listing.job_count = 2;
	assert_alarms(&listing, "a job has failed for good; ");
}

static void a_kind_without_a_recent_success_is_an_alarm(void **state)
{
	struct sf_job_kind kinds[] = { { .succeeded_ms = 1 },
		{ .succeeded_ms = SF_JOB_SUCCESS_MS } };
	struct sf_job_listing listing = {
		.now_ms = SF_JOB_SUCCESS_MS + 1,
		.kind_count = 2,
		.kinds = kinds,
	};

	(void)state;
	assert_alarms(&listing, "");
	listing.now_ms++;
	assert_alarms(
		&listing, "a kind of job has not succeeded in the last hour; ");
}

static void a_kind_that_never_succeeds_is_an_alarm_after_an_hour(void **state)
{
	struct sf_job_kind kind = { .since_ms = 1000, .failed_ms = 1000 };
	struct sf_job_listing listing = {
		.now_ms = 1000 + SF_JOB_SUCCESS_MS,
		.kind_count = 1,
		.kinds = &kind,
	};

	(void)state;
	assert_alarms(&listing, "");
	listing.now_ms++;
	kind.failed_ms = listing.now_ms;
	assert_alarms(
		&listing, "a kind of job has not succeeded in the last hour; ");
}

static void a_job_that_waits_without_a_worker_is_an_alarm(void **state)
{
	struct sf_job jobs[] = { { .state = SF_JOB_WAITING, .when_ms = 1000 } };
	struct sf_job_worker workers[] = { { "host:1", 999 } };
	struct sf_job_listing listing = {
		.now_ms = 1000 + SF_JOB_HEARTBEAT_MS,
		.job_count = 1,
		.jobs = jobs,
		.worker_count = 1,
		.workers = workers,
	};

	(void)state;
	assert_alarms(&listing, "");
	listing.now_ms++;
	assert_alarms(&listing, "a job waits, but no worker runs; ");
	workers[0].heartbeat_ms = 1001;
	assert_alarms(&listing, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(a_listing_is_counted_and_released),
		cmocka_unit_test(a_failed_job_is_an_alarm),
		cmocka_unit_test(a_kind_without_a_recent_success_is_an_alarm),
		cmocka_unit_test(
			a_kind_that_never_succeeds_is_an_alarm_after_an_hour),
		cmocka_unit_test(a_job_that_waits_without_a_worker_is_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
