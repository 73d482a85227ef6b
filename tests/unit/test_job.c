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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(a_listing_is_counted_and_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
