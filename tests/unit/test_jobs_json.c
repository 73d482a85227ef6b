/* SPDX-License-Identifier: BSD-3-Clause */
/* The listing of jobs as JSON. */
#include "jobs/jobs_json.h"
#include "support.h"

static void assert_prints(
	const struct sf_job_listing *listing, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	sf_jobs_json_print(listing, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void an_empty_listing_has_all_its_members(void **state)
{
	struct sf_job_listing listing = { .now_ms = 17 };

	(void)state;
	assert_prints(&listing, "{\"nowMs\":17,\"queues\":["
				"{\"name\":\"waiting\",\"length\":0},"
				"{\"name\":\"delayed\",\"length\":0},"
				"{\"name\":\"running\",\"length\":0},"
				"{\"name\":\"failed\",\"length\":0}],"
				"\"workers\":[],\"jobs\":[],\"kinds\":[],"
				"\"alarms\":[]}\n");
}

static void jobs_and_workers_are_listed_in_order(void **state)
{
	struct sf_job jobs[] = {
		{ .id = "1",
			.kind = "sweep",
			.state = SF_JOB_RUNNING,
			.worker = "host:1",
			.when_ms = INT64_C(1700000000000),
			.starts = 2 },
		{ .id = "2",
			.kind = "sweep",
			.state = SF_JOB_FAILED,
			.error = "a \"b\" \\ c\n\xc3\xa9",
			.failures = 3 },
	};
	struct sf_job_worker workers[] = { { "host:1", 5 }, { "host:2", 6 } };
	struct sf_job_kind kinds[] = {
		{ "sweep", 1, 5, 3, "two \"chats\"", 4, "broken" },
	};
	struct sf_job_listing listing = { .worker_count = 2,
		.workers = workers,
		.kind_count = 1,
		.kinds = kinds,
		.job_count = 2,
		.jobs = jobs };

	(void)state;
	assert_prints(&listing,
		"{\"nowMs\":0,\"queues\":["
		"{\"name\":\"waiting\",\"length\":0},"
		"{\"name\":\"delayed\",\"length\":0},"
		"{\"name\":\"running\",\"length\":1},"
		"{\"name\":\"failed\",\"length\":1}],"
		"\"workers\":[{\"name\":\"host:1\",\"heartbeatMs\":5},"
		"{\"name\":\"host:2\",\"heartbeatMs\":6}],\"jobs\":["
		"{\"id\":\"1\",\"kind\":\"sweep\",\"state\":\"running\","
		"\"whenMs\":1700000000000,\"starts\":2,\"failures\":0,"
		"\"worker\":\"host:1\",\"error\":\"\"},"
		"{\"id\":\"2\",\"kind\":\"sweep\",\"state\":\"failed\","
		"\"whenMs\":0,\"starts\":0,\"failures\":3,"
		"\"worker\":\"\",\"error\":\"a \\u0022b\\u0022 \\u005c "
		"c\\u000a\xc3\xa9\"}],\"kinds\":[{\"kind\":\"sweep\","
		"\"succeededMs\":5,\"tookMs\":3,\"result\":\"two "
		"\\u0022chats\\u0022\",\"failedMs\":4,\"error\":"
		"\"broken\"}],\"alarms\":[\"a job has failed for good\"]}"
		"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_listing_has_all_its_members),
		cmocka_unit_test(jobs_and_workers_are_listed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
