/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue, on a real Redis. Leases and pauses are long, and no test sleeps
 * through them. To make Redis see the end of a lease or a pause, a test changes
 * the score of the job, which is the only time that Redis keeps. The worker's
 * own clock stands still unless a test advances it: the linker puts the wrapper
 * below in the place of clock_gettime().
 */
#include "private_redis.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "jobs/queue.h"

#define KEYS "sfchat:{jobs}:"
#define WORKERS 8
#define JOBS 60

/* Two workers, with a queue that is empty at first. */
struct team {
	struct sf_config config;
	struct sf_queue *a;
	struct sf_queue *b;
	struct sf_job job;
};

static int make_team(void **state)
{
	struct team *team = sf_alloc(sizeof(*team));

	freeReplyObject(private_redis_run("FLUSHALL"));
	team->config = support_config();
	team->a = sf_queue_new(&team->config);
	team->b = sf_queue_new(&team->config);
	*state = team;
	return 0;
}

static int free_team(void **state)
{
	struct team *team = *state;

	sf_queue_free(team->a);
	sf_queue_free(team->b);
	free(team);
	return 0;
}

#define assert_ok(call) assert_int_equal(call, SF_OK)

static void assert_takes(
	struct team *team, struct sf_queue *queue, const char *kind)
{
	assert_ok(sf_queue_take(queue, &team->job));
	assert_string_equal(team->job.kind, kind);
}

static void assert_takes_nothing(struct team *team, struct sf_queue *queue)
{
	assert_int_equal(sf_queue_take(queue, &team->job), SF_ERR_NOT_FOUND);
}

/* The time of the clock by which a worker knows the age of its lease. */
static int64_t worker_clock_ms = 1000000;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ .tv_sec = worker_clock_ms / 1000,
		.tv_nsec = worker_clock_ms % 1000 * 1000000 };
	return 0;
}

static void advance_worker_clock(int64_t duration_ms)
{
	worker_clock_ms += duration_ms;
}

/* Makes the lease or the pause of a job end by Redis' clock. */
static void end_lease_or_pause(const char *set, const char *id)
{
	char key[64];
	redisReply *reply;

	(void)snprintf(key, sizeof(key), KEYS "%s", set);
	reply = private_redis_run("ZADD", key, "XX", "CH", "1", id);
	assert_int_equal(reply->integer, 1);
	freeReplyObject(reply);
}

/* Returns all jobs with their states, as in "waiting a, failed b". */
static char *describe_jobs(struct team *team)
{
	struct sf_job_listing listing;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_ok(sf_queue_list(team->a, &listing));
	for (size_t i = 0; i < listing.job_count; i++)
		(void)fprintf(out, "%s%s %s", i ? ", " : "",
			sf_job_state_name(listing.jobs[i].state),
			listing.jobs[i].kind);
	sf_job_listing_release(&listing);
	(void)fclose(out);
	return text;
}

static void assert_jobs(struct team *team, const char *expected)
{
	char *text = describe_jobs(team);

	assert_string_equal(text, expected);
	free(text);
}

static void an_empty_queue_has_no_job(void **state)
{
	struct team *team = *state;

	assert_takes_nothing(team, team->a);
	assert_jobs(team, "");
}

static void a_second_job_of_the_same_kind_is_refused(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_int_equal(sf_queue_add(team->b, "sweep"), SF_ERR_CONFLICT);
	assert_ok(sf_queue_add(team->b, "other"));
	assert_jobs(team, "waiting sweep, waiting other");
	assert_takes(team, team->a, "sweep");
	assert_int_equal(sf_queue_add(team->b, "sweep"), SF_ERR_CONFLICT);
	assert_ok(sf_queue_finish(team->a, "all well"));
	assert_ok(sf_queue_add(team->b, "sweep"));
	assert_jobs(team, "waiting other, waiting sweep");
}

static int add_job(void *data, int number)
{
	struct sf_queue *queue = sf_queue_new(data);
	enum sf_err err = sf_queue_add(queue, "sweep");

	(void)number;
	sf_queue_free(queue);
	return (int)err;
}

static void one_of_many_that_add_at_once_succeeds(void **state)
{
	struct team *team = *state;
	int results[WORKERS];

	support_race(add_job, &team->config, WORKERS, results);
	assert_int_equal(support_count(results, WORKERS, SF_OK), 1);
	assert_int_equal(
		support_count(results, WORKERS, SF_ERR_CONFLICT), WORKERS - 1);
	assert_jobs(team, "waiting sweep");
}

static void no_other_worker_gets_a_taken_job(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_takes(team, team->a, "sweep");
	assert_takes_nothing(team, team->b);
	assert_jobs(team, "running sweep");
	assert_ok(sf_queue_finish(team->a, "all well"));
	assert_takes_nothing(team, team->b);
	assert_jobs(team, "");
}

/* The jobs that WORKERS processes have run together. */
struct ledger {
	struct sf_config config;
	_Atomic int runs[JOBS];
	_Atomic int left;
};

static int work_off(void *data, int number)
{
	struct ledger *ledger = data;
	struct sf_queue *queue = sf_queue_new(&ledger->config);
	struct sf_job job;

	(void)number;
	while (ledger->left > 0) {
		if (sf_queue_take(queue, &job) != SF_OK)
			continue;
		ledger->runs[strtol(job.kind, NULL, 10)]++;
		if (sf_queue_finish(queue, "all well") != SF_OK)
			return 1;
		ledger->left--;
	}
	sf_queue_free(queue);
	return 0;
}

static void many_workers_run_each_job_once(void **state)
{
	struct team *team = *state;
	struct ledger *ledger = support_share(sizeof(*ledger));
	int results[WORKERS];

	ledger->config = team->config;
	ledger->left = JOBS;
	for (int i = 0; i < JOBS; i++) {
		char kind[12];

		(void)snprintf(kind, sizeof(kind), "%d", i);
		assert_ok(sf_queue_add(team->a, kind));
	}
	support_race(work_off, ledger, WORKERS, results);
	assert_int_equal(support_count(results, WORKERS, 0), WORKERS);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(ledger->runs[i], 1);
	assert_jobs(team, "");
	support_unshare(ledger, sizeof(*ledger));
}

static void a_dead_workers_job_goes_to_another_worker(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "sweep"));
	for (int i = 0; i < 2 * SF_QUEUE_FAILURES_MAX; i++) {
		assert_takes(team, team->a, "sweep");
		end_lease_or_pause("running", team->job.id);
	}
	assert_takes(team, team->b, "sweep");
	assert_ok(sf_queue_finish(team->b, "all well"));
	assert_jobs(team, "");
}

static void a_worker_whose_lease_ended_has_lost_its_job(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_takes(team, team->a, "sweep");
	end_lease_or_pause("running", team->job.id);
	assert_takes(team, team->b, "sweep");
	assert_int_equal(sf_queue_finish(team->a, "all well"), SF_ERR_CONFLICT);
	assert_int_equal(sf_queue_fail(team->a, "late"), SF_ERR_CONFLICT);
	advance_worker_clock(SF_QUEUE_LEASE_MS / 3);
	assert_int_equal(sf_queue_keep(team->a), SF_ERR_CONFLICT);
	assert_ok(sf_queue_keep(team->b));
	assert_jobs(team, "running sweep");
	assert_ok(sf_queue_finish(team->b, "all well"));
}

static void the_former_holder_cannot_finish_a_requeued_job(void **state)
{
	struct team *team = *state;
	int64_t count;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_takes(team, team->a, "sweep");
	for (int i = 0; i < SF_QUEUE_FAILURES_MAX; i++) {
		end_lease_or_pause(i ? "queued" : "running", team->job.id);
		assert_takes(team, team->b, "sweep");
		assert_ok(sf_queue_fail(team->b, "broken"));
	}
	assert_ok(sf_queue_requeue(team->b, "all", &count));
	assert_takes(team, team->b, "sweep");
	assert_int_equal(sf_queue_finish(team->a, "all well"), SF_ERR_CONFLICT);
	assert_ok(sf_queue_finish(team->b, "all well"));
}

static void keep_renews_the_lease_of_a_job(void **state)
{
	struct team *team = *state;
	struct sf_job_listing listing;
	int64_t first_ms;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_takes(team, team->a, "sweep");
	assert_ok(sf_queue_list(team->b, &listing));
	first_ms = listing.jobs[0].when_ms;
	assert_string_equal(listing.jobs[0].worker, sf_queue_worker(team->a));
	sf_job_listing_release(&listing);
	advance_worker_clock(SF_QUEUE_LEASE_MS / 3);
	end_lease_or_pause("running", team->job.id);
	assert_ok(sf_queue_keep(team->a));
	assert_ok(sf_queue_list(team->b, &listing));
	assert_true(listing.jobs[0].when_ms >= first_ms);
	sf_job_listing_release(&listing);
}

/* Returns the time by Redis' clock. */
static int64_t read_redis_clock(struct team *team)
{
	struct sf_job_listing listing;
	int64_t now_ms;

	assert_ok(sf_queue_list(team->b, &listing));
	now_ms = listing.now_ms;
	sf_job_listing_release(&listing);
	return now_ms;
}

/* Takes and fails the job, which must then pause for `pause_ms`. */
static void assert_pause(struct team *team, int64_t pause_ms)
{
	struct sf_job_listing listing;
	int64_t before_ms;

	assert_takes(team, team->a, "sweep");
	before_ms = read_redis_clock(team);
	assert_ok(sf_queue_fail(team->a, "broken"));
	assert_ok(sf_queue_list(team->a, &listing));
	assert_in_range(listing.jobs[0].when_ms, before_ms + pause_ms,
		listing.now_ms + pause_ms);
	sf_job_listing_release(&listing);
}

static void the_third_failure_is_for_good(void **state)
{
	static const int64_t pauses_ms[] = { SF_QUEUE_PAUSE_MS,
		3 * SF_QUEUE_PAUSE_MS };
	struct team *team = *state;
	struct sf_job_listing listing;

	assert_ok(sf_queue_add(team->a, "sweep"));
	for (int i = 0; i < SF_QUEUE_FAILURES_MAX - 1; i++) {
		assert_pause(team, pauses_ms[i]);
		assert_takes_nothing(team, team->b);
		assert_jobs(team, "delayed sweep");
		assert_int_equal(
			sf_queue_add(team->a, "sweep"), SF_ERR_CONFLICT);
		end_lease_or_pause("queued", team->job.id);
		assert_jobs(team, "waiting sweep");
	}
	assert_takes(team, team->a, "sweep");
	assert_ok(sf_queue_fail(team->a, "broken for good"));
	assert_takes_nothing(team, team->b);
	assert_ok(sf_queue_list(team->a, &listing));
	assert_int_equal(listing.job_count, 1);
	assert_int_equal(listing.jobs[0].state, SF_JOB_FAILED);
	assert_string_equal(listing.jobs[0].error, "broken for good");
	assert_int_equal(listing.jobs[0].failures, 3);
	assert_int_equal(listing.jobs[0].starts, 3);
	assert_string_equal(listing.jobs[0].worker, "");
	sf_job_listing_release(&listing);
	assert_ok(sf_queue_add(team->a, "sweep"));
}

static void fail_for_good(struct team *team, const char *kind)
{
	assert_ok(sf_queue_add(team->a, kind));
	for (int i = 0; i < SF_QUEUE_FAILURES_MAX; i++) {
		if (i)
			end_lease_or_pause("queued", team->job.id);
		assert_takes(team, team->a, kind);
		assert_ok(sf_queue_fail(team->a, "broken"));
	}
}

static void failed_jobs_are_requeued(void **state)
{
	struct team *team = *state;
	char first[SF_JOB_ID_MAX];
	int64_t count = -1;

	fail_for_good(team, "one");
	memcpy(first, team->job.id, sizeof(first));
	fail_for_good(team, "two");
	fail_for_good(team, "three");
	assert_ok(sf_queue_requeue(team->b, "999", &count));
	assert_int_equal(count, 0);
	assert_jobs(team, "failed one, failed two, failed three");
	assert_ok(sf_queue_requeue(team->b, first, &count));
	assert_int_equal(count, 1);
	assert_jobs(team, "waiting one, failed two, failed three");
	assert_ok(sf_queue_requeue(team->b, first, &count));
	assert_int_equal(count, 0);
	assert_ok(sf_queue_requeue(team->b, "all", &count));
	assert_int_equal(count, 2);
	/* A requeued job may fail as often as a new one. */
	assert_takes(team, team->a, "one");
	assert_ok(sf_queue_fail(team->a, "again"));
	assert_jobs(team, "waiting two, waiting three, delayed one");
}

static void the_last_thousand_failed_jobs_are_kept(void **state)
{
	struct team *team = *state;
	struct sf_job_listing listing;
	redisReply *oldest;

	freeReplyObject(private_redis_run("EVAL",
		"for i = 1, 1000 do "
		"redis.call('ZADD', KEYS[1] .. 'failed', i, 'old' .. i) "
		"redis.call('HSET', KEYS[1] .. 'job:old' .. i, 'kind', 'x') "
		"end",
		"1", KEYS));
	fail_for_good(team, "new");
	assert_ok(sf_queue_list(team->a, &listing));
	assert_int_equal(listing.job_count, SF_QUEUE_FAILED_MAX);
	assert_string_equal(listing.jobs[0].id, "old2");
	assert_string_equal(listing.jobs[SF_QUEUE_FAILED_MAX - 1].kind, "new");
	sf_job_listing_release(&listing);
	oldest = private_redis_run("EXISTS", KEYS "job:old1");
	assert_int_equal(oldest->integer, 0);
	freeReplyObject(oldest);
}

static void workers_are_listed_until_they_leave(void **state)
{
	struct team *team = *state;
	struct sf_job_listing listing;
	int64_t before_ms = read_redis_clock(team);

	assert_takes_nothing(team, team->a);
	assert_ok(sf_queue_list(team->b, &listing));
	assert_int_equal(listing.worker_count, 1);
	assert_string_equal(listing.workers[0].name, sf_queue_worker(team->a));
	assert_in_range(
		listing.workers[0].heartbeat_ms, before_ms, listing.now_ms);
	sf_job_listing_release(&listing);
	assert_ok(sf_queue_leave(team->a));
	assert_ok(sf_queue_list(team->b, &listing));
	assert_int_equal(listing.worker_count, 0);
	sf_job_listing_release(&listing);
}

static void a_killed_redis_comes_back_with_its_jobs(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "running"));
	assert_ok(sf_queue_add(team->a, "waiting"));
	assert_takes(team, team->a, "running");
	private_redis_kill();
	assert_int_equal(
		sf_queue_finish(team->a, "all well"), SF_ERR_UNAVAILABLE);
	assert_int_equal(
		sf_queue_take(team->b, &team->job), SF_ERR_UNAVAILABLE);
	advance_worker_clock(SF_QUEUE_LEASE_MS / 3);
	/* The lease is not over, so no other worker can have the job. */
	assert_ok(sf_queue_keep(team->a));
	private_redis_start();
	assert_ok(sf_queue_keep(team->a));
	assert_ok(sf_queue_finish(team->a, "all well"));
	assert_takes(team, team->b, "waiting");
	assert_ok(sf_queue_finish(team->b, "all well"));
}

static void without_redis_a_lease_ends_by_itself(void **state)
{
	struct team *team = *state;

	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_takes(team, team->a, "sweep");
	private_redis_kill();
	advance_worker_clock(SF_QUEUE_LEASE_MS);
	assert_int_equal(sf_queue_keep(team->a), SF_ERR_CONFLICT);
	private_redis_start();
	end_lease_or_pause("running", team->job.id);
	assert_takes(team, team->b, "sweep");
}

static void a_key_of_a_wrong_type_makes_redis_unavailable(void **state)
{
	struct team *team = *state;
	struct sf_job_listing listing;

	freeReplyObject(private_redis_run("SET", KEYS "queued", "text"));
	assert_int_equal(sf_queue_add(team->a, "sweep"), SF_ERR_UNAVAILABLE);
	assert_int_equal(sf_queue_list(team->a, &listing), SF_ERR_UNAVAILABLE);
	freeReplyObject(private_redis_run("DEL", KEYS "queued"));
	assert_ok(sf_queue_add(team->a, "sweep"));
}

/*
 * Lists the jobs twice with these settings, asserts the result, and returns the
 * log.
 */
static char *list_and_read_log(
	const struct sf_config *config, enum sf_err expected)
{
	static char text[1024];
	int log = memfd_create("log", 0);
	int before = dup(STDERR_FILENO);
	struct sf_queue *queue = sf_queue_new(config);
	struct sf_job_listing listing;
	enum sf_err err;
	ssize_t size;

	assert_true(log >= 0 && before >= 0);
	assert_true(dup2(log, STDERR_FILENO) >= 0);
	for (int i = 0; i < 2; i++) {
		err = sf_queue_list(queue, &listing);
		if (!err)
			sf_job_listing_release(&listing);
	}
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	sf_queue_free(queue);
	size = pread(log, text, sizeof(text) - 1, 0);
	assert_true(size >= 0);
	text[size] = '\0';
	(void)close(before);
	(void)close(log);
	assert_int_equal(err, expected);
	return text;
}

static void a_password_is_used_and_never_logged(void **state)
{
	struct sf_config config = ((struct team *)*state)->config;
	char *log;

	freeReplyObject(private_redis_run(
		"ACL", "SETUSER", "default", "resetpass", ">open sesame"));
	log = list_and_read_log(&config, SF_ERR_UNAVAILABLE);
	assert_string_equal(
		log, "sfchat: Redis cannot be used: it demands a password\n");
	(void)snprintf(config.redis.password, sizeof(config.redis.password),
		"open barley");
	log = list_and_read_log(&config, SF_ERR_UNAVAILABLE);
	assert_string_equal(log,
		"sfchat: Redis cannot be used: it refuses the user or the "
		"password\n");
	(void)snprintf(config.redis.password, sizeof(config.redis.password),
		"open sesame");
	log = list_and_read_log(&config, SF_OK);
	assert_string_equal(log, "");
	private_redis_kill();
	private_redis_start();
}

static void each_database_has_a_queue_of_its_own(void **state)
{
	struct team *team = *state;
	struct sf_config config = team->config;
	struct sf_queue *other;

	config.redis.database = 3;
	other = sf_queue_new(&config);
	assert_ok(sf_queue_add(team->a, "sweep"));
	assert_ok(sf_queue_add(other, "sweep"));
	sf_queue_free(other);
}

static void a_missing_redis_is_logged_once(void **state)
{
	struct sf_config config = ((struct team *)*state)->config;

	assert_ok(sf_redis_address_parse("unix:/nowhere/redis", &config.redis));
	assert_string_equal(list_and_read_log(&config, SF_ERR_UNAVAILABLE),
		"sfchat: Redis cannot be used: it cannot be reached: No such "
		"file or directory\n");
}

#define with_team(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_team, free_team)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_team(an_empty_queue_has_no_job),
		with_team(a_second_job_of_the_same_kind_is_refused),
		with_team(one_of_many_that_add_at_once_succeeds),
		with_team(no_other_worker_gets_a_taken_job),
		with_team(many_workers_run_each_job_once),
		with_team(a_dead_workers_job_goes_to_another_worker),
		with_team(a_worker_whose_lease_ended_has_lost_its_job),
		with_team(the_former_holder_cannot_finish_a_requeued_job),
		with_team(keep_renews_the_lease_of_a_job),
		with_team(the_third_failure_is_for_good),
		with_team(failed_jobs_are_requeued),
		with_team(the_last_thousand_failed_jobs_are_kept),
		with_team(workers_are_listed_until_they_leave),
		with_team(a_killed_redis_comes_back_with_its_jobs),
		with_team(without_redis_a_lease_ends_by_itself),
		with_team(a_key_of_a_wrong_type_makes_redis_unavailable),
		with_team(a_password_is_used_and_never_logged),
		with_team(each_database_has_a_queue_of_its_own),
		with_team(a_missing_redis_is_logged_once),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
