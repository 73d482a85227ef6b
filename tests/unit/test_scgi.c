/* SPDX-License-Identifier: BSD-3-Clause */
/* The header of an SCGI request: complete, malformed or cut off. */
#include "http/scgi.h"
#include "support.h"

#include <sys/socket.h>
#include <unistd.h>

#define LITERAL(text) text, sizeof(text) - 1

/* Each reading runs in its own process: the variables live until it ends. */
struct reading {
	int fd;
	char found[3][64]; /* NAME, OTHER, EMPTY */
	char rest[16];     /* bytes left on the connection */
};

static int read_request(void *data, int number)
{
	struct reading *reading = data;
	struct sf_request request;
	enum sf_err err = sf_scgi_read(reading->fd, &request);

	(void)number;
	if (err)
		return (int)err;
	if (request.body_timeout_ms != SF_HTTP_BODY_TIMEOUT_MS)
		return (int)SF_ERR_INTERNAL;
	(void)snprintf(reading->found[0], 64, "%s",
		sf_request_variable(&request, "NAME"));
	(void)snprintf(reading->found[1], 64, "%s",
		sf_request_variable(&request, "OTHER"));
	(void)snprintf(reading->found[2], 64, "%s",
		sf_request_variable(&request, "EMPTY"));
	(void)recv(reading->fd, reading->rest, sizeof(reading->rest) - 1,
		MSG_DONTWAIT);
	return SF_OK;
}

/* Sends `request` and its end; returns what sf_scgi_read() returned. */
static enum sf_err read_request_from(
	const char *request, size_t size, struct reading **out)
{
	struct reading *reading = support_share(sizeof(*reading));
	int ends[2];
	int err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(send(ends[0], request, size, 0), size);
	assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
	reading->fd = ends[1];
	err = support_finish(support_start(read_request, reading, 0));
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
	if (out)
		*out = reading;
	else
		support_unshare(reading, sizeof(*reading));
	return (enum sf_err)err;
}

static void variables_and_body_are_separated(void **state)
{
	struct reading *reading;

	(void)state;
	assert_int_equal(read_request_from(LITERAL("29:NAME\0value=1\0EMPTY\0\0"
						   "OTHER\0\xc3\xb6\0,body"),
				 &reading),
		SF_OK);
	assert_string_equal(reading->found[0], "value=1");
	assert_string_equal(reading->found[1], "\xc3\xb6");
	assert_string_equal(reading->found[2], "");
	assert_string_equal(reading->rest, "body");
	support_unshare(reading, sizeof(*reading));
}

static void a_broken_header_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} cases[] = {
		{ LITERAL("") },
		{ LITERAL(":,") },
		{ LITERAL("0:,") },
		{ LITERAL("GET / HTTP/1.1\r\n") },
		{ LITERAL("-1:,") },
		{ LITERAL(" 7:NAME\0v\0,") },
		{ LITERAL("7;NAME\0v\0,") },
		{ LITERAL("7:NAME\0v\0;") },
		{ LITERAL("6:NAME\0v\0,") },
		{ LITERAL("6:NAME\0v,") },
		{ LITERAL("5:NAME\0,") },
		{ LITERAL("4:NAME,") },
		{ LITERAL("8:NAME\0v\0x,") },
		{ LITERAL("3:\0v\0,") },
		{ LITERAL("10:NAME\0v\0\0v\0,") },
		{ LITERAL("65537:NAME\0v\0,") },
		{ LITERAL("9999999:NAME\0v\0,") },
		{ LITERAL("99999999999999999999:NAME\0v\0,") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (read_request_from(cases[i].text, cases[i].size, NULL) !=
			SF_ERR_INVALID)
			fail_msg("case %zu is accepted", i);
}

static void a_header_that_is_cut_off_is_refused(void **state)
{
	static const char whole[] = "15:NAME\0v\0OTHER\0w\0,";

	(void)state;
	for (size_t size = 0; size < sizeof(whole) - 1; size++)
		assert_int_equal(
			read_request_from(whole, size, NULL), SF_ERR_INVALID);
}

static void the_longest_header_fits(void **state)
{
	char *text = malloc(SF_SCGI_HEADER_MAX + 8);
	size_t digits;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SF_SCGI_HEADER_MAX + 8);
	digits = (size_t)snprintf(text, 8, "%d:", SF_SCGI_HEADER_MAX);
	memcpy(text + digits, "NAME", 5);
	memcpy(text + digits + SF_SCGI_HEADER_MAX - 1, "\0,", 2);
	assert_int_equal(
		read_request_from(text, digits + SF_SCGI_HEADER_MAX + 1, NULL),
		SF_OK);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_and_body_are_separated),
		cmocka_unit_test(a_broken_header_is_refused),
		cmocka_unit_test(a_header_that_is_cut_off_is_refused),
		cmocka_unit_test(the_longest_header_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
