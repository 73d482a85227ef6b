/* SPDX-License-Identifier: BSD-3-Clause */
/* The three forms of a site's status. */
#include "support.h"
#include "jobs/site.h"

typedef void print_site(const struct sf_site *site, FILE *out);

static char *print_to_text(print_site *form, const struct sf_site *site)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	form(site, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_prints(
	print_site *form, const struct sf_site *site, const char *expected)
{
	char *text = print_to_text(form, site);

	assert_string_equal(text, expected);
	free(text);
}

static void assert_has(
	print_site *form, const struct sf_site *site, const char *part)
{
	char *text = print_to_text(form, site);

	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
	free(text);
}

static struct sf_site make_busy_site(void)
{
	return (struct sf_site){
		.now_ms = 1000000,
		.recent_ms = 180000,
		.store = SF_SITE_UP,
		.survey = { .done = true,
			.chats = { 3, 2, 1 },
			.messages = 7,
			.people = 5,
			.oldest_ms = 400000,
			.oldest_waiting_ms = 500000,
			.room_bytes = 4096000,
			.used_bytes = 1024000 },
		.redis = SF_SITE_UP,
		.jobs = { 1, 0, 0, 2 },
		.sweep = { .name = "terminate",
			.succeeded_ms = 988000,
			.took_ms = 34,
			.result = "chats closed: 1",
			.failed_ms = 900000,
			.error = "broken" },
		.since_ms = INT64_C(784111777000),
		.refused = { [SF_ERR_UNAUTHORIZED] = 4,
			[SF_ERR_UNAVAILABLE] = 6 },
		.alarm_count = 1,
		.alarms = { "a job has failed for good" },
	};
}

static void text_is_for_people(void **state)
{
	struct sf_site site = make_busy_site();

	(void)state;
	assert_prints(sf_site_print_text, &site,
		"version    " SF_VERSION "\n"
		"store      up, 1000 of 4000 KB used (25 %)\n"
		"chats      draft 3   ready 2   closed 1   unreadable 0\n"
		"people     5 asked in the last 180 s\n"
		"messages   7 wait\n"
		"oldest     chat 600 s, chat with a waiting message 500 s\n"
		"redis      up\n"
		"jobs       waiting 1   delayed 0   running 0   failed 2\n"
		"sweep      12 s ago in 34 ms: chats closed: 1\n"
		"           failed 100 s ago: broken\n"
		"counted    since Sun, 06 Nov 1994 08:49:37 GMT\n"
		"refused    invalid 0 unauthorized 4 closed 0 not_found 0 "
		"conflict 0 too_large 0 media_type 0 too_many 0\n"
		"errors     internal 0 unavailable 6\n"
		"ALARM      a job has failed for good\n");
}

static void json_is_one_line(void **state)
{
	struct sf_site site = make_busy_site();

	(void)state;
	assert_prints(sf_site_print_json, &site,
		"{\"version\":\"" SF_VERSION "\",\"nowMs\":1000000,"
		"\"store\":{\"state\":\"up\",\"usedBytes\":1024000,"
		"\"roomBytes\":4096000},\"chats\":{\"draft\":3,\"ready\":2,"
		"\"closed\":1,\"unreadable\":0},\"people\":5,\"messages\":7,"
		"\"oldestChatSeconds\":600,\"oldestWaitingChatSeconds\":500,"
		"\"redis\":{\"state\":\"up\"},\"jobs\":{\"waiting\":1,"
		"\"delayed\":0,\"running\":0,\"failed\":2},\"sweep\":{"
		"\"succeededMs\":988000,\"tookMs\":34,\"result\":"
		"\"chats closed: 1\",\"failedMs\":900000,\"error\":\"broken\"},"
		"\"sinceMs\":784111777000,\"refused\":{\"invalid\":0,"
		"\"unauthorized\":4,\"closed\":0,\"not_found\":0,"
		"\"conflict\":0,\"too_large\":0,\"media_type\":0,"
		"\"too_many\":0},\"errors\":{\"internal\":0,"
		"\"unavailable\":6},\"alarms\":["
		"\"a job has failed for good\"]}\n");
}

static void prometheus_gets_metrics(void **state)
{
	struct sf_site site = make_busy_site();

	(void)state;
	assert_has(sf_site_print_prometheus, &site,
		"# HELP sfchat_chats Chats in the store.\n"
		"# TYPE sfchat_chats gauge\n"
		"sfchat_chats{status=\"draft\"} 3\n"
		"sfchat_chats{status=\"ready\"} 2\n"
		"sfchat_chats{status=\"closed\"} 1\n");
	assert_has(sf_site_print_prometheus, &site,
		"\nsfchat_refused_total{reason=\"unauthorized\"} 4\n");
	assert_has(sf_site_print_prometheus, &site,
		"\nsfchat_up{part=\"redis\"} 1\n");
	assert_has(sf_site_print_prometheus, &site,
		"\nsfchat_sweep_success_timestamp_seconds 988.000\n");
	assert_has(sf_site_print_prometheus, &site,
		"\nsfchat_sweep_duration_seconds 0.034\n");
	assert_has(sf_site_print_prometheus, &site, "\nsfchat_alarms 1\n");
}

static void a_part_that_is_down_has_no_numbers(void **state)
{
	struct sf_site site = { .now_ms = 17, .redis = SF_SITE_DOWN };

	(void)state;
	assert_prints(sf_site_print_text, &site,
		"version    " SF_VERSION "\n"
		"store      absent\n"
		"redis      down\n"
		"sweep      never\n");
	assert_prints(sf_site_print_json, &site,
		"{\"version\":\"" SF_VERSION "\",\"nowMs\":17,"
		"\"store\":{\"state\":\"absent\"},"
		"\"redis\":{\"state\":\"down\"},\"sweep\":{\"succeededMs\":0,"
		"\"tookMs\":0,\"result\":\"\",\"failedMs\":0,\"error\":\"\"},"
		"\"alarms\":[]}\n");
	assert_has(sf_site_print_prometheus, &site,
		"\nsfchat_up{part=\"redis\"} 0\n# HELP sfchat_sweep_success");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_for_people),
		cmocka_unit_test(json_is_one_line),
		cmocka_unit_test(prometheus_gets_metrics),
		cmocka_unit_test(a_part_that_is_down_has_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
