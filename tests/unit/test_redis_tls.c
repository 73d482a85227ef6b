/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS to a real Redis: which certificates are accepted, the faults that the log
 * tells apart, and commands, replies and messages of any size.
 */
#include "private_redis.h"

#define TIMEOUT_MS (1000 * SUPPORT_PATIENCE_SECONDS)
#define REFUSED "sfchat: Redis cannot be used: TLS is refused: "

static struct {
	int port;
	char folder[128];
} server;

static void run_shell(const char *format, const char *name, const char *more)
{
	char command[1024];

	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
	(void)snprintf(
		command, sizeof(command), format, server.folder, name, more);
	/* NOLINTNEXTLINE(cert-env33-c): the test makes the words itself */
	assert_int_equal(system(command), 0);
}

/* Makes NAME.pem, a certificate that is its own authority, and its key. */
static void make_certificate(const char *name, const char *subject)
{
	run_shell("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
		  "-subj /CN=x -keyout %s.key -out new.crt "
		  "-addext subjectAltName=%s >openssl.log 2>&1",
		name, subject);
	run_shell("cd %s && cat new.crt %s.key >%s.pem", name, name);
}

static void use_certificate(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s.pem", server.folder, name);
	private_redis_kill();
	private_redis_start();
	server.port = private_redis_listen(path);
}

static int make_server(void **state)
{
	if (private_redis_make_sandbox(state) != 0)
		return -1;
	(void)snprintf(server.folder, sizeof(server.folder), "%s",
		(const char *)*state);
	make_certificate("local", "DNS:localhost,IP:127.0.0.1");
	make_certificate("other", "DNS:other.example,IP:192.0.2.1");
	use_certificate("local");
	return 0;
}

/* With NULL as `ca`, the authorities of the system are trusted. */
static struct sf_redis connect_to(
	const char *scheme, const char *host, const char *ca)
{
	struct sf_redis_address address;
	struct sf_redis redis;
	char text[128];

	(void)snprintf(
		text, sizeof(text), "%s://%s:%d", scheme, host, server.port);
	assert_int_equal(sf_redis_address_parse(text, &address), SF_OK);
	if (ca)
		(void)snprintf(address.ca_file, sizeof(address.ca_file),
			"%s/%s", server.folder, ca);
	sf_redis_init(&redis, &address, TIMEOUT_MS);
	return redis;
}

/* Pings, and returns the log. */
static const char *ping_and_read_log(
	const char *scheme, const char *host, const char *ca)
{
	static char log[512];
	const char *const words[] = { "PING" };
	struct sf_redis redis = connect_to(scheme, host, ca);
	int before = support_begin_log();
	enum sf_err err = sf_redis_call(&redis, 1, words, NULL);

	support_end_log(before, log, sizeof(log));
	assert_int_equal(err, *log ? SF_ERR_UNAVAILABLE : SF_OK);
	sf_redis_release(&redis);
	return log;
}

/* The same by TLS, for a fifth of a second. */
static const char *ping_for_a_moment(void)
{
	static char log[512];
	const char *const words[] = { "PING" };
	struct sf_redis redis = connect_to("rediss", "localhost", "local.pem");
	int before = support_begin_log();
	enum sf_err err;

	redis.timeout_ms = 200;
	err = sf_redis_call(&redis, 1, words, NULL);
	support_end_log(before, log, sizeof(log));
	assert_int_equal(err, SF_ERR_UNAVAILABLE);
	sf_redis_release(&redis);
	return log;
}

static void a_certificate_for_the_host_is_accepted(void **state)
{
	(void)state;
	assert_string_equal(
		ping_and_read_log("rediss", "localhost", "local.pem"), "");
	assert_string_equal(
		ping_and_read_log("rediss", "127.0.0.1", "local.pem"), "");
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state)
{
	(void)state;
	assert_string_equal(ping_and_read_log("rediss", "localhost", NULL),
		REFUSED "self-signed certificate\n");
	assert_string_equal(
		ping_and_read_log("rediss", "localhost", "other.pem"),
		REFUSED "self-signed certificate\n");
}

static void a_certificate_for_another_host_is_refused(void **state)
{
	(void)state;
	use_certificate("other");
	assert_string_equal(
		ping_and_read_log("rediss", "localhost", "other.pem"),
		REFUSED "hostname mismatch\n");
	assert_string_equal(
		ping_and_read_log("rediss", "127.0.0.1", "other.pem"),
		REFUSED "IP address mismatch\n");
	use_certificate("local");
}

static void a_server_without_tls_is_told_apart(void **state)
{
	int secure = server.port;

	(void)state;
	assert_non_null(strstr(ping_and_read_log("redis", "localhost", NULL),
		"the connection is lost"));
	/* Redis 7 waits for the end of a line, Redis 8 answers an error. */
	server.port = private_redis_listen(NULL);
	assert_non_null(strstr(ping_for_a_moment(), "TLS"));
	server.port = secure;
}

static void a_file_without_certificates_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		ping_and_read_log("rediss", "localhost", "openssl.log"),
		"sfchat: Redis cannot be used: SFCHAT_REDIS_CA names no file "
		"of certificates in PEM\n");
}

static void a_server_that_hangs_is_told_apart(void **state)
{
	const char *log;

	(void)state;
	private_redis_pause();
	log = ping_for_a_moment();
	private_redis_resume();
	assert_string_equal(log,
		"sfchat: Redis cannot be used: its port does not answer to TLS "
		"in time\n");
}

static void a_command_and_a_reply_may_be_large(void **state)
{
	struct sf_redis redis = connect_to("rediss", "localhost", "local.pem");

	(void)state;
	private_redis_check_large(&redis);
	sf_redis_release(&redis);
}

static void messages_are_received_until_the_connection_is_lost(void **state)
{
	struct sf_redis ear = connect_to("rediss", "localhost", "local.pem");
	struct sf_redis mouth = connect_to("rediss", "localhost", "local.pem");

	(void)state;
	private_redis_check_messages(&ear, &mouth);
	sf_redis_release(&mouth);
	sf_redis_release(&ear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_for_the_host_is_accepted),
		cmocka_unit_test(
			a_certificate_of_an_unknown_authority_is_refused),
		cmocka_unit_test(a_certificate_for_another_host_is_refused),
		cmocka_unit_test(a_server_without_tls_is_told_apart),
		cmocka_unit_test(a_file_without_certificates_is_refused),
		cmocka_unit_test(a_server_that_hangs_is_told_apart),
		cmocka_unit_test(a_command_and_a_reply_may_be_large),
		cmocka_unit_test(
			messages_are_received_until_the_connection_is_lost),
	};

	return cmocka_run_group_tests(
		tests, make_server, private_redis_remove_sandbox);
}
