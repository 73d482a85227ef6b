/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sf_hangup_happened() on real connections over the loopback, which end in each
 * of the ways in which a client can leave.
 */
#include "http/hangup.h"
#include "support.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both ends of a connection, and the variables that a web server would set. */
struct visit {
	int listener;
	int server;
	int client;
	char text[5][INET6_ADDRSTRLEN + 16]; /* variables; the last may be "" */
};

static socklen_t fill_loopback(int family, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET) {
		((struct sockaddr_in *)out)->sin_addr.s_addr =
			htonl(INADDR_LOOPBACK);
		return sizeof(struct sockaddr_in);
	}
	((struct sockaddr_in6 *)out)->sin6_addr = in6addr_loopback;
	return sizeof(struct sockaddr_in6);
}

/* Writes the two variables of one end, such as SERVER_ADDR and SERVER_PORT. */
static void name_end(struct visit *visit, int first, const char *which,
	const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	/* The kernel has filled in `address`. */
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	bool is_four = address->ss_family == AF_INET;
	const void *bytes = is_four ? (const void *)&four->sin_addr
				    : (const void *)&six->sin6_addr;
	char text[INET6_ADDRSTRLEN];

	assert_non_null(
		inet_ntop(address->ss_family, bytes, text, sizeof(text)));
	(void)snprintf(visit->text[first], sizeof(visit->text[first]),
		"%s_ADDR=%s", which, text);
	(void)snprintf(visit->text[first + 1], sizeof(visit->text[first]),
		"%s_PORT=%d", which,
		ntohs(is_four ? four->sin_port : six->sin6_port));
}

static void name_ends(struct visit *visit)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	assert_int_equal(
		getsockname(visit->server, (struct sockaddr *)&address, &size),
		0);
	name_end(visit, 0, "SERVER", &address);
	size = sizeof(address);
	assert_int_equal(
		getpeername(visit->server, (struct sockaddr *)&address, &size),
		0);
	name_end(visit, 2, "REMOTE", &address);
}

static struct visit open_visit(int family)
{
	struct visit visit = { .listener = socket(family, SOCK_STREAM, 0),
		.client = socket(family, SOCK_STREAM, 0) };
	struct sockaddr_storage address;
	socklen_t size = fill_loopback(family, &address);
	struct sockaddr *plain = (struct sockaddr *)&address;

	assert_int_equal(bind(visit.listener, plain, size), 0);
	assert_int_equal(listen(visit.listener, 1), 0);
	assert_int_equal(getsockname(visit.listener, plain, &size), 0);
	assert_int_equal(connect(visit.client, plain, size), 0);
	visit.server = accept(visit.listener, NULL, NULL);
	assert_true(visit.server >= 0);
	name_ends(&visit);
	return visit;
}

static void close_visit(const struct visit *visit)
{
	assert_int_equal(close(visit->server) | close(visit->listener), 0);
}

static struct sf_hangup watch_visit(struct visit *visit)
{
	struct sf_request request = {
		.variables = (char *[]){ visit->text[0], visit->text[1],
			visit->text[2], visit->text[3], visit->text[4], NULL }
	};
	struct sf_hangup hangup;

	sf_hangup_init(&request, -1, &hangup);
	return hangup;
}

static void assert_gone_after_close(int family)
{
	struct visit visit = open_visit(family);
	struct sf_hangup hangup = watch_visit(&visit);

	assert_true(hangup.is_watchable);
	assert_false(sf_hangup_happened(&hangup));
	assert_int_equal(close(visit.client), 0);
	assert_true(sf_hangup_happened(&hangup));
	close_visit(&visit);
}

static void a_client_that_closes_is_gone(void **state)
{
	(void)state;
	assert_gone_after_close(AF_INET);
}

static void a_client_that_closes_over_ipv6_is_gone(void **state)
{
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_storage address;
	socklen_t size = fill_loopback(AF_INET6, &address);
	bool has_six =
		bind(probe, (const struct sockaddr *)&address, size) == 0;

	(void)state;
	(void)close(probe);
	if (!has_six) {
		print_message("SKIPPED: this machine has no IPv6\n");
		skip();
	}
	assert_gone_after_close(AF_INET6);
}

static void a_client_that_resets_is_gone(void **state)
{
	struct linger at_once = { .l_onoff = 1 };
	struct visit visit = open_visit(AF_INET);
	struct sf_hangup hangup = watch_visit(&visit);

	(void)state;
	assert_int_equal(setsockopt(visit.client, SOL_SOCKET, SO_LINGER,
				 &at_once, sizeof(at_once)),
		0);
	assert_int_equal(close(visit.client), 0);
	assert_true(sf_hangup_happened(&hangup));
	close_visit(&visit);
}

static void a_client_that_left_before_init_is_gone(void **state)
{
	struct visit visit = open_visit(AF_INET);
	struct sf_hangup hangup;

	(void)state;
	assert_int_equal(close(visit.client), 0);
	hangup = watch_visit(&visit);
	assert_true(sf_hangup_happened(&hangup));
	close_visit(&visit);
}

static void a_client_that_the_server_dropped_is_gone(void **state)
{
	struct visit visit = open_visit(AF_INET);
	struct sf_hangup hangup = watch_visit(&visit);

	(void)state;
	assert_int_equal(close(visit.server), 0);
	assert_true(sf_hangup_happened(&hangup));
	assert_int_equal(close(visit.client) | close(visit.listener), 0);
}

static void a_missing_connection_is_gone_if_remote_is_peer(void **state)
{
	struct linger at_once = { .l_onoff = 1 };
	struct visit visit = open_visit(AF_INET);
	struct sf_hangup hangup;

	(void)state;
	assert_int_equal(setsockopt(visit.client, SOL_SOCKET, SO_LINGER,
				 &at_once, sizeof(at_once)),
		0);
	assert_int_equal(close(visit.client), 0);
	hangup = watch_visit(&visit);
	assert_false(sf_hangup_happened(&hangup));
	(void)snprintf(visit.text[4], sizeof(visit.text[4]),
		"SFCHAT_REMOTE_IS_PEER=1");
	hangup = watch_visit(&visit);
	assert_true(sf_hangup_happened(&hangup));
	close_visit(&visit);
}

/*
 * As behind a proxy: the server listens at that address, but REMOTE_ADDR never
 * connected to it.
 */
static void an_unknown_connection_counts_as_open(void **state)
{
	struct visit visit = open_visit(AF_INET);
	struct sf_hangup hangup;

	(void)state;
	(void)snprintf(
		visit.text[2], sizeof(visit.text[2]), "REMOTE_ADDR=192.0.2.1");
	hangup = watch_visit(&visit);
	assert_false(hangup.is_watchable);
	assert_int_equal(close(visit.client), 0);
	assert_false(sf_hangup_happened(&hangup));
	close_visit(&visit);
}

static void a_connection_without_address_counts_as_open(void **state)
{
	static char *const bad[] = { "",
		"SERVER_ADDR=", "SERVER_ADDR=localhost", "REMOTE_ADDR=::1",
		"SERVER_PORT=0", "REMOTE_PORT=65536", "REMOTE_PORT=" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct visit visit = open_visit(AF_INET);
		struct sf_hangup hangup;

		for (int j = 0; j < 4; j++)
			if (strncmp(visit.text[j], bad[i], 11) == 0 || !*bad[i])
				(void)snprintf(visit.text[j],
					sizeof(visit.text[j]), "%s", bad[i]);
		hangup = watch_visit(&visit);
		assert_false(hangup.is_watchable);
		assert_int_equal(close(visit.client), 0);
		assert_false(sf_hangup_happened(&hangup));
		close_visit(&visit);
	}
}

static void a_reply_without_a_reader_is_a_hangup(void **state)
{
	struct sf_request request = { .variables = (char *[]){ NULL } };
	struct sf_hangup hangup;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	sf_hangup_init(&request, ends[1], &hangup);
	assert_false(sf_hangup_happened(&hangup));
	assert_int_equal(close(ends[0]), 0);
	assert_true(sf_hangup_happened(&hangup));
	assert_int_equal(close(ends[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_closes_is_gone),
		cmocka_unit_test(a_client_that_closes_over_ipv6_is_gone),
		cmocka_unit_test(a_client_that_resets_is_gone),
		cmocka_unit_test(a_client_that_left_before_init_is_gone),
		cmocka_unit_test(
			a_missing_connection_is_gone_if_remote_is_peer),
		cmocka_unit_test(a_client_that_the_server_dropped_is_gone),
		cmocka_unit_test(an_unknown_connection_counts_as_open),
		cmocka_unit_test(a_connection_without_address_counts_as_open),
		cmocka_unit_test(a_reply_without_a_reader_is_a_hangup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
