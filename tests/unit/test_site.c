/* SPDX-License-Identifier: BSD-3-Clause */
/* The status of a site: where its numbers come from, and what is an alarm. */
#include "private_redis.h"
#include "talk.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/tally.h"
#include "jobs/queue.h"
#include "jobs/site.h"
#include "jobs/work.h"

static struct sf_site read_site(const struct sf_config *config)
{
	struct sf_site site;

	sf_site_read(config, &site);
	return site;
}

/* All alarms in one line. */
static void assert_alarms(const struct sf_site *site, const char *expected)
{
	char text[512] = "";

	for (size_t i = 0; i < site->alarm_count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s; ", site->alarms[i]);
	assert_string_equal(text, expected);
}

static void set_word(
	const struct sf_config *config, unsigned int word, int64_t value)
{
	struct sf_tally *tally;

	assert_int_equal(sf_tally_open(config, &tally), SF_OK);
	atomic_store(&tally->words[word], (uint64_t)value);
	sf_tally_free(tally);
}

/* A site without a queue. */
static struct sf_config config_alone(void)
{
	struct sf_config config = support_config();

	config.redis.socket_size = 0;
	return config;
}

/* Other tests may have left old chats in the store: the sweep removes them. */
static int make_site(void **state)
{
	struct sf_config config = support_config();
	struct sf_work work = { .config = &config };

	return talk_make_ready(state) || sf_work_run(&work, SF_WORK_TERMINATE);
}

#define with_site(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_site, talk_free)

static void a_site_that_works_has_no_alarm(void **state)
{
	struct talk *talk = *state;
	struct sf_site site = read_site(&talk->config);

	assert_int_equal(site.store, SF_SITE_UP);
	assert_int_equal(site.redis, SF_SITE_UP);
	assert_true(site.survey.done);
	assert_true(site.survey.chats[SF_STATUS_READY] > 0);
	assert_alarms(&site, "");
}

static void a_redis_that_is_down_is_an_alarm(void **state)
{
	struct talk *talk = *state;
	struct sf_site site;

	private_redis_kill();
	site = read_site(&talk->config);
	private_redis_start();
	assert_int_equal(site.redis, SF_SITE_DOWN);
	assert_int_equal(site.store, SF_SITE_UP);
	assert_alarms(&site, "Redis cannot be used; ");
}

static void a_store_that_is_not_there_is_an_alarm(void **state)
{
	struct talk *talk = *state;
	struct sf_site site;

	/* MongoDB makes the collection with its first document. */
	if (strncmp(talk->config.store, "lmdb:", 5) != 0)
		return;
	(void)snprintf(talk->config.store, sizeof(talk->config.store),
		"lmdb:/nowhere");
	site = read_site(&talk->config);
	assert_int_equal(site.store, SF_SITE_ABSENT);
	assert_alarms(&site, "there is no store; ");
	assert_int_not_equal(access("/nowhere", F_OK), 0);
}

static void an_overdue_chat_is_an_alarm(void **state)
{
	struct talk *talk = *state;
	struct sf_chat old;
	struct sf_site site;

	sf_chat_init(&old, talk->now_ms - talk->lifetime_ms - SF_CHAT_GRACE_MS -
				   SF_JOB_SUCCESS_MS - 60000);
	assert_ok(sf_store_insert(talk->store, &old));
	site = read_site(&talk->config);
	assert_alarms(&site, "old chats are not removed: no sweep runs; ");
	assert_int_equal(site.survey.oldest_ms, old.created_ms);
	assert_int_equal(
		sf_work_run(&(struct sf_work){ .config = &talk->config },
			SF_WORK_TERMINATE),
		SF_OK);
	site = read_site(&talk->config);
	assert_alarms(&site, "");
	sf_chat_release(&old);
}

static void a_failed_job_is_an_alarm(void **state)
{
	struct talk *talk = *state;
	struct sf_queue *queue = sf_queue_new(&talk->config);
	struct sf_site site;
	struct sf_job job;

	assert_ok(sf_queue_add(queue, SF_WORK_TERMINATE));
	assert_ok(sf_queue_take(queue, &job));
	assert_ok(sf_queue_finish(queue, "all well"));
	site = read_site(&talk->config);
	assert_string_equal(site.sweep.result, "all well");
	assert_alarms(&site, "");
	assert_ok(sf_queue_add(queue, SF_WORK_TERMINATE));
	assert_ok(sf_queue_take(queue, &job));
	assert_ok(sf_queue_fail(queue, "broken"));
	sf_queue_free(queue);
	site = read_site(&talk->config);
	assert_int_equal(site.jobs[SF_JOB_DELAYED], 1);
	assert_alarms(&site, "the last sweep failed; ");
	freeReplyObject(private_redis_run("FLUSHALL"));
}

static void without_a_queue_the_sweep_of_this_machine_is_shown(void **state)
{
	struct sf_config config = config_alone();
	struct sf_work work = { .config = &config };
	struct sf_site site = read_site(&config);
	int64_t now_ms = sf_clock_ms(CLOCK_REALTIME);

	(void)state;
	assert_int_equal(site.redis, SF_SITE_ABSENT);
	assert_int_equal(sf_work_run(&work, SF_WORK_TERMINATE), SF_OK);
	site = read_site(&config);
	assert_string_equal(site.sweep.name, SF_WORK_TERMINATE);
	assert_string_equal(site.sweep.result, work.detail.text);
	assert_in_range(site.sweep.succeeded_ms, now_ms, site.now_ms);
	assert_alarms(&site, "");
	set_word(&config, SF_TALLY_FAILED_MS, site.now_ms + 1);
	site = read_site(&config);
	assert_alarms(&site, "the last sweep failed; ");
	set_word(&config, SF_TALLY_FAILED_MS, 0);
	set_word(&config, SF_TALLY_SWEPT_MS,
		site.now_ms - SF_JOB_SUCCESS_MS - 1000);
	site = read_site(&config);
	assert_alarms(&site, "no sweep has succeeded in the last hour; ");
}

static void refusals_are_shown(void **state)
{
	struct sf_config config = config_alone();
	int64_t before = read_site(&config).refused[SF_ERR_CLOSED];
	struct sf_site site;

	(void)state;
	sf_tally_count(&config, SF_ERR_CLOSED);
	site = read_site(&config);
	assert_int_equal(site.refused[SF_ERR_CLOSED], before + 1);
	assert_in_range(site.since_ms, 1, site.now_ms);
	(void)snprintf(
		config.runtime_dir, sizeof(config.runtime_dir), "/nowhere");
	assert_int_equal(read_site(&config).since_ms, 0);
	assert_int_not_equal(access("/nowhere", F_OK), 0);
}

/* Every error that a client can meet has a name, but the one of the start. */
static void every_refusal_has_a_name(void **state)
{
	(void)state;
	for (enum sf_err err = SF_OK + 1; err < SF_ERR__MAX; err++)
		assert_int_equal(sf_site_refusal_name(err) != NULL,
			err != SF_ERR_METHOD);
	assert_null(sf_site_refusal_name(SF_OK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_site(a_site_that_works_has_no_alarm),
		with_site(a_redis_that_is_down_is_an_alarm),
		with_site(a_store_that_is_not_there_is_an_alarm),
		with_site(an_overdue_chat_is_an_alarm),
		with_site(a_failed_job_is_an_alarm),
		with_site(without_a_queue_the_sweep_of_this_machine_is_shown),
		cmocka_unit_test(refusals_are_shown),
		cmocka_unit_test(every_refusal_has_a_name),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
