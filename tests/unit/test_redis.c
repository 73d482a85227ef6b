/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection to a real Redis over TCP: logging in, host names, commands and
 * replies of any size, and how the log tells faults apart.
 * test_redis_address.c tests the forms of the address, test_redis_tls.c TLS.
 */
#include "private_redis.h"

#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redis_lookup.h"
#include "base/redis_tls.h"

#define TIMEOUT_MS (1000 * SUPPORT_PATIENCE_SECONDS)
#define CANNOT "sfchat: Redis cannot be used: "

static int port;

static int listen_to_tcp(void **state)
{
	if (private_redis_make_sandbox(state) != 0)
		return -1;
	port = private_redis_listen(NULL);
	return 0;
}

/* `format` is the address, with %d for the port. */
static struct sf_redis connect_to(const char *format, int timeout_ms)
{
	struct sf_redis_address address;
	struct sf_redis redis;
	char text[256];

	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
	(void)snprintf(text, sizeof(text), format, port);
	assert_int_equal(sf_redis_address_parse(text, &address), SF_OK);
	sf_redis_init(&redis, &address, timeout_ms);
	return redis;
}

static enum sf_err ping(struct sf_redis *redis)
{
	const char *const words[] = { "PING" };

	return sf_redis_call(redis, 1, words, NULL);
}

/* Pings, and returns the log. */
static const char *ping_and_read_log(const char *format)
{
	static char log[512];
	struct sf_redis redis = connect_to(format, TIMEOUT_MS);
	int before = support_begin_log();
	enum sf_err err = ping(&redis);

	support_end_log(before, log, sizeof(log));
	assert_int_equal(err, *log ? SF_ERR_UNAVAILABLE : SF_OK);
	sf_redis_release(&redis);
	return log;
}

static void a_user_logs_in_with_its_password(void **state)
{
	(void)state;
	freeReplyObject(private_redis_run("ACL", "SETUSER", "chat:keeper", "on",
		">open/sesame@", "+ping", "+select"));
	assert_string_equal(
		ping_and_read_log(
			"redis://"
			"chat%%3akeeper:open%%2Fsesame%%40@127.0.0.1:%d/2"),
		"");
	assert_string_equal(
		ping_and_read_log("redis://chat%%3akeeper:sesame@127.0.0.1:%d"),
		CANNOT "it refuses the user or the password\n");
	assert_string_equal(
		ping_and_read_log("redis://nobody:sesame@127.0.0.1:%d"),
		CANNOT "it refuses the user or the password\n");
	assert_string_equal(
		ping_and_read_log("redis://chat%%3akeeper@127.0.0.1:%d"),
		CANNOT "it refuses the user or the password\n");
}

static void a_user_without_a_password_logs_in(void **state)
{
	(void)state;
	freeReplyObject(private_redis_run(
		"ACL", "SETUSER", "open", "on", "nopass", "+ping"));
	assert_string_equal(ping_and_read_log("redis://open@127.0.0.1:%d"), "");
	assert_string_equal(ping_and_read_log("redis://open@127.0.0.1:%d/3"),
		CANNOT "its user may not use a command, a key or a channel\n");
}

static void a_password_that_nobody_asks_for_is_refused(void **state)
{
	(void)state;
	assert_string_equal(ping_and_read_log("redis://:sesame@127.0.0.1:%d"),
		CANNOT "it refuses the user or the password\n");
}

static void a_host_name_is_looked_up(void **state)
{
	struct sf_redis redis = connect_to("redis://localhost:%d", TIMEOUT_MS);

	(void)state;
	/* The parser knows this name itself: make it look the name up. */
	redis.address.is_name = true;
	memset(&((struct sockaddr_in *)&redis.address.socket)->sin_addr, 0, 4);
	assert_int_equal(ping(&redis), SF_OK);
	sf_redis_release(&redis);
}

static void a_host_name_that_does_not_exist_is_told_apart(void **state)
{
	const char *log = ping_and_read_log("redis://nowhere.invalid:%d");

	(void)state;
	/* The name servers of this machine may be silent. */
	assert_non_null(strstr(log, CANNOT "its host name "));
	assert_null(strstr(log, "nowhere"));
}

/* The lookup would have succeeded, so its end is the time's doing. */
static void a_lookup_ends_with_its_time_and_leaves_no_process(void **state)
{
	struct sockaddr_storage found[SF_REDIS_LOOKUP_MAX];
	size_t count = 1;

	(void)state;
	assert_int_equal(sf_redis_lookup("localhost",
				 sf_clock_ms(CLOCK_MONOTONIC), found, &count),
		SF_ERR_UNAVAILABLE);
	assert_int_equal(count, 0);
	assert_int_equal(sf_redis_lookup("localhost",
				 sf_clock_ms(CLOCK_MONOTONIC) + TIMEOUT_MS,
				 found, &count),
		SF_OK);
	assert_in_range(count, 1, SF_REDIS_LOOKUP_MAX);
	/* The server is a child too. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

static void a_closed_port_is_told_apart(void **state)
{
	(void)state;
	assert_string_equal(ping_and_read_log("redis://:s@127.0.0.1:1"),
		CANNOT "it cannot be reached: Connection refused\n");
}

static void a_server_that_hangs_is_told_apart(void **state)
{
	struct sf_redis redis = connect_to("redis://127.0.0.1:%d", 200);
	char log[256];
	int before;

	(void)state;
	private_redis_pause();
	before = support_begin_log();
	assert_int_equal(ping(&redis), SF_ERR_UNAVAILABLE);
	support_end_log(before, log, sizeof(log));
	private_redis_resume();
	assert_string_equal(log, CANNOT "it does not answer in time\n");
	sf_redis_release(&redis);
}

static void a_command_and_a_reply_may_be_large(void **state)
{
	struct sf_redis redis = connect_to("redis://127.0.0.1:%d", TIMEOUT_MS);

	(void)state;
	private_redis_check_large(&redis);
	sf_redis_release(&redis);
}

static void messages_are_received_until_the_connection_is_lost(void **state)
{
	struct sf_redis ear = connect_to("redis://127.0.0.1:%d", TIMEOUT_MS);
	struct sf_redis mouth = connect_to("redis://127.0.0.1:%d", TIMEOUT_MS);
	redisReply *reply;

	(void)state;
	assert_int_equal(sf_redis_receive(&ear, 0, &reply), SF_ERR_UNAVAILABLE);
	private_redis_check_messages(&ear, &mouth);
	port = private_redis_listen(NULL);
	sf_redis_release(&mouth);
	sf_redis_release(&ear);
}

/* Returns the refusal, or "". */
static const char *load(const char *redis, const char *ca)
{
	static struct sf_detail detail;
	struct sf_config config;

	assert_int_equal(setenv("SFCHAT_REDIS", redis, 1), 0);
	assert_int_equal(setenv("SFCHAT_REDIS_CA", ca, 1), 0);
	detail.text[0] = '\0';
	if (sf_config_load(&config, &detail) == SF_OK)
		return "";
	return detail.text;
}

static void tls_is_refused_by_a_program_that_has_none(void **state)
{
	const char *said = load("rediss://u:secret@a.example", "");

	(void)state;
	if (sf_redis_tls_exists()) {
		assert_string_equal(said, "");
	} else {
		assert_non_null(strstr(said, "SFCHAT_REDIS: unix:PATH or "));
		assert_non_null(strstr(said, "stunnel"));
		assert_null(strstr(said, "secret"));
	}
}

static void a_file_of_authorities_needs_tls_and_must_be_there(void **state)
{
	(void)state;
	assert_non_null(strstr(load("redis://127.0.0.1", "/etc/passwd"),
		"SFCHAT_REDIS_CA: no value"));
	assert_non_null(strstr(load("", "/etc/passwd"), "SFCHAT_REDIS_CA: no"));
	assert_non_null(strstr(load("rediss://127.0.0.1", "/nowhere/ca.pem"),
		"SFCHAT_REDIS_CA: the absolute path"));
	assert_non_null(strstr(load("rediss://127.0.0.1", "README.md"),
		"SFCHAT_REDIS_CA: the absolute path"));
	(void)unsetenv("SFCHAT_REDIS_CA");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_logs_in_with_its_password),
		cmocka_unit_test(a_user_without_a_password_logs_in),
		cmocka_unit_test(a_password_that_nobody_asks_for_is_refused),
		cmocka_unit_test(a_host_name_is_looked_up),
		cmocka_unit_test(a_host_name_that_does_not_exist_is_told_apart),
		cmocka_unit_test(
			a_lookup_ends_with_its_time_and_leaves_no_process),
		cmocka_unit_test(a_closed_port_is_told_apart),
		cmocka_unit_test(a_server_that_hangs_is_told_apart),
		cmocka_unit_test(a_command_and_a_reply_may_be_large),
		cmocka_unit_test(
			messages_are_received_until_the_connection_is_lost),
		cmocka_unit_test(tls_is_refused_by_a_program_that_has_none),
		cmocka_unit_test(
			a_file_of_authorities_needs_tls_and_must_be_there),
	};

	return cmocka_run_group_tests(
		tests, listen_to_tcp, private_redis_remove_sandbox);
}
