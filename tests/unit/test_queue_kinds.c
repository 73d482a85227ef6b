/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue, on a real Redis: what it remembers of each kind of job, and what
 * it forgets with a deleted job.
 */
#include "private_redis.h"

#include "jobs/queue.h"

#define KEYS "sfchat:{jobs}:"

static struct sf_queue *queue;
static struct sf_job job;

static int make_queue(void **state)
{
	struct sf_config config = support_config();

	(void)state;
	freeReplyObject(private_redis_run("FLUSHALL"));
	queue = sf_queue_new(&config);
	return 0;
}

static int free_queue(void **state)
{
	(void)state;
	sf_queue_free(queue);
	return 0;
}

#define assert_ok(call) assert_int_equal(call, SF_OK)

static struct sf_job_listing list_jobs(void)
{
	struct sf_job_listing listing;

	assert_ok(sf_queue_list(queue, &listing));
	return listing;
}

/* Makes a delayed job due at once. */
static void end_pause(void)
{
	freeReplyObject(private_redis_run("ZADD", KEYS "queued", "1", job.id));
}

static void fail_for_good(const char *kind)
{
	assert_ok(sf_queue_add(queue, kind));
	for (int i = 0; i < SF_QUEUE_FAILURES_MAX; i++) {
		if (i)
			end_pause();
		assert_ok(sf_queue_take(queue, &job));
		assert_string_equal(job.kind, kind);
		assert_ok(sf_queue_fail(queue, "broken"));
	}
}

static void assert_failed(size_t count)
{
	struct sf_job_listing listing = list_jobs();
	redisReply *keys = private_redis_run("KEYS", KEYS "job:*");

	assert_int_equal(sf_job_count(&listing, SF_JOB_FAILED), count);
	/* Nothing of another job is left. */
	assert_int_equal(keys->elements, listing.job_count);
	freeReplyObject(keys);
	sf_job_listing_release(&listing);
}

static void failed_jobs_are_deleted(void **state)
{
	int64_t count = -1;

	(void)state;
	fail_for_good("one");
	fail_for_good("two");
	fail_for_good("three");
	assert_ok(sf_queue_add(queue, "four"));
	/* The fourth job waits. */
	assert_ok(sf_queue_delete(queue, "4", &count));
	assert_int_equal(count, 0);
	assert_failed(3);
	assert_ok(sf_queue_delete(queue, "2", &count));
	assert_int_equal(count, 1);
	assert_failed(2);
	assert_ok(sf_queue_delete(queue, "all", &count));
	assert_int_equal(count, 2);
	assert_failed(0);
	assert_ok(sf_queue_take(queue, &job));
	assert_string_equal(job.kind, "four");
}

static void a_new_queue_knows_no_kind(void **state)
{
	struct sf_job_listing listing = list_jobs();

	(void)state;
	assert_int_equal(listing.kind_count, 0);
	sf_job_listing_release(&listing);
}

static void a_kind_remembers_its_last_success_and_failure(void **state)
{
	struct sf_job_listing before = list_jobs();
	struct sf_job_listing after;
	const struct sf_job_kind *kind;

	(void)state;
	assert_ok(sf_queue_add(queue, "sweep"));
	assert_ok(sf_queue_take(queue, &job));
	assert_ok(sf_queue_finish(queue, "two chats"));
	after = list_jobs();
	assert_int_equal(after.kind_count, 1);
	kind = &after.kinds[0];
	assert_string_equal(kind->name, "sweep");
	assert_in_range(kind->succeeded_ms, before.now_ms, after.now_ms);
	assert_in_range(kind->took_ms, 0, after.now_ms - before.now_ms);
	assert_string_equal(kind->result, "two chats");
	assert_int_equal(kind->failed_ms, 0);
	sf_job_listing_release(&after);

	fail_for_good("sweep");
	after = list_jobs();
	kind = &after.kinds[0];
	assert_in_range(kind->failed_ms, kind->succeeded_ms, after.now_ms);
	assert_string_equal(kind->error, "broken");
	assert_string_equal(kind->result, "two chats");
	sf_job_listing_release(&after);
	sf_job_listing_release(&before);
}

static void a_kind_remembers_when_its_first_job_ended(void **state)
{
	struct sf_job_listing first;
	struct sf_job_listing later;
	int64_t redis_ms;

	(void)state;
	assert_ok(sf_queue_add(queue, "sweep"));
	assert_ok(sf_queue_take(queue, &job));
	assert_ok(sf_queue_fail(queue, "broken"));
	first = list_jobs();
	assert_int_equal(first.kinds[0].succeeded_ms, 0);
	assert_int_equal(first.kinds[0].since_ms, first.kinds[0].failed_ms);
	/* Redis' clock has moved on. */
	do {
		later = list_jobs();
		redis_ms = later.now_ms;
		sf_job_listing_release(&later);
	} while (redis_ms <= first.now_ms);
	end_pause();
	assert_ok(sf_queue_take(queue, &job));
	assert_ok(sf_queue_fail(queue, "broken again"));
	later = list_jobs();
	assert_true(later.kinds[0].failed_ms > first.kinds[0].failed_ms);
	assert_int_equal(later.kinds[0].since_ms, first.kinds[0].since_ms);
	sf_job_listing_release(&first);
	sf_job_listing_release(&later);
}

static void kinds_are_listed_by_name(void **state)
{
	static const char *const names[] = { "b", "a", "c" };
	struct sf_job_listing listing;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_ok(sf_queue_add(queue, names[i]));
		assert_ok(sf_queue_take(queue, &job));
		assert_ok(sf_queue_finish(queue, names[i]));
	}
	listing = list_jobs();
	assert_int_equal(listing.kind_count, 3);
	assert_string_equal(listing.kinds[0].result, "a");
	assert_string_equal(listing.kinds[1].result, "b");
	assert_string_equal(listing.kinds[2].result, "c");
	sf_job_listing_release(&listing);
}

#define with_queue(test)                                                       \
	cmocka_unit_test_setup_teardown(test, make_queue, free_queue)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_queue(failed_jobs_are_deleted),
		with_queue(a_new_queue_knows_no_kind),
		with_queue(a_kind_remembers_its_last_success_and_failure),
		with_queue(a_kind_remembers_when_its_first_job_ended),
		with_queue(kinds_are_listed_by_name),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
