/* SPDX-License-Identifier: BSD-3-Clause */
/* The request as RFC 3875 defines it, its body, and the reply. */
#include "http/http.h"
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE 65536
#define SHORT_MS 200

static char json_type[] = "CONTENT_TYPE=application/json";

/*
 * Reads a body whose CONTENT_LENGTH is `length` from a closed pipe that holds
 * `given`.
 */
static enum sf_err read_body(const char *length, const char *given,
	size_t given_size, struct sf_request *request)
{
	char variable[64];
	char *variables[] = { json_type, variable, NULL };
	struct sf_detail detail;
	int ends[2];
	enum sf_err err;

	(void)snprintf(variable, sizeof(variable), "CONTENT_LENGTH=%s", length);
	*request = (struct sf_request){ .variables = variables,
		.body_timeout_ms = SF_HTTP_BODY_TIMEOUT_MS };
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 2 * PIPE), 2 * PIPE);
	assert_int_equal(write(ends[1], given, given_size), given_size);
	assert_int_equal(close(ends[1]), 0);
	err = sf_request_read_body(request, ends[0], &detail);
	assert_int_equal(close(ends[0]), 0);
	request->variables = NULL;
	return err;
}

static void a_body_is_read_whole(void **state)
{
	static char body[SF_HTTP_BODY_MAX];
	struct sf_request request;

	(void)state;
	memset(body, 'x', sizeof(body));
	body[7] = '\0';
	assert_int_equal(
		read_body("65536", body, sizeof(body), &request), SF_OK);
	assert_int_equal(request.body_size, sizeof(body));
	assert_memory_equal(request.body, body, sizeof(body));
	free(request.body);
	assert_int_equal(read_body("0003", "abc", 3, &request), SF_OK);
	assert_int_equal(request.body_size, 3);
	free(request.body);
}

static void an_empty_body_is_accepted(void **state)
{
	struct sf_request request;

	(void)state;
	assert_int_equal(read_body("0", "", 0, &request), SF_OK);
	assert_int_equal(request.body_size, 0);
	free(request.body);
}

static void bytes_behind_the_body_are_not_read(void **state)
{
	struct sf_request request;

	(void)state;
	assert_int_equal(read_body("3", "abcdef", 6, &request), SF_OK);
	assert_int_equal(request.body_size, 3);
	assert_memory_equal(request.body, "abc", 3);
	free(request.body);
}

static void a_body_that_ends_early_is_refused(void **state)
{
	struct sf_request request;

	(void)state;
	assert_int_equal(read_body("4", "abc", 3, &request), SF_ERR_INVALID);
	free(request.body);
	assert_int_equal(read_body("65536", "", 0, &request), SF_ERR_INVALID);
	free(request.body);
}

static void a_length_that_is_no_number_is_refused(void **state)
{
	static const char *const bad[] = { "", "-1", "+3", " 3", "3 ", "3,3",
		"0x3", "3.0", "three", "3\n" };
	struct sf_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			read_body(bad[i], "abc", 3, &request), SF_ERR_INVALID);
		free(request.body);
	}
}

static void a_length_that_is_missing_is_refused(void **state)
{
	char *variables[] = { json_type, NULL };
	struct sf_request request = { .variables = variables,
		.body_timeout_ms = SF_HTTP_BODY_TIMEOUT_MS };
	struct sf_detail detail;

	(void)state;
	assert_int_equal(
		sf_request_read_body(&request, -1, &detail), SF_ERR_INVALID);
	assert_non_null(strstr(detail.text, "CONTENT_LENGTH"));
	free(request.body);
}

static void a_length_over_the_limit_is_too_large(void **state)
{
	static const char *const large[] = { "65537", "99999999", "1000000000",
		"4294967296", "18446744073709551616",
		"100000000000000000000000000000000000000000000000" };
	struct sf_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++) {
		assert_int_equal(read_body(large[i], "abc", 3, &request),
			SF_ERR_TOO_LARGE);
		assert_null(request.body);
	}
}

static void a_skipped_body_is_checked_too(void **state)
{
	static const struct {
		char *length;
		char *type;
		enum sf_err err;
	} cases[] = {
		{ "CONTENT_LENGTH=", "CONTENT_TYPE=", SF_OK },
		{ "CONTENT_LENGTH=0", "CONTENT_TYPE=text/plain", SF_OK },
		{ "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", SF_OK },
		{ "CONTENT_LENGTH=2", "CONTENT_TYPE=text/plain",
			SF_ERR_MEDIA_TYPE },
		{ "CONTENT_LENGTH=65537", "CONTENT_TYPE=application/json",
			SF_ERR_TOO_LARGE },
		{ "CONTENT_LENGTH=x", "CONTENT_TYPE=application/json",
			SF_ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *variables[] = { cases[i].length, cases[i].type, NULL };
		struct sf_request request = { .variables = variables };
		struct sf_detail detail;

		assert_int_equal(
			sf_request_check_unread_body(&request, &detail),
			cases[i].err);
	}
}

static void only_json_is_accepted(void **state)
{
	static const struct {
		const char *type;
		enum sf_err err;
	} cases[] = {
		{ "application/json", SF_OK },
		{ "Application/JSON", SF_OK },
		{ "application/json; charset=utf-8", SF_OK },
		{ "application/json ;charset=utf-8", SF_OK },
		{ "application/json\t", SF_OK },
		{ "", SF_ERR_MEDIA_TYPE },
		{ "application/jso", SF_ERR_MEDIA_TYPE },
		{ "application/json5", SF_ERR_MEDIA_TYPE },
		{ "application/json, text/plain", SF_ERR_MEDIA_TYPE },
		{ " application/json", SF_ERR_MEDIA_TYPE },
		{ "text/plain", SF_ERR_MEDIA_TYPE },
		{ "application/x-www-form-urlencoded", SF_ERR_MEDIA_TYPE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char type[64];
		char *variables[] = { type, (char[]){ "CONTENT_LENGTH=0" },
			NULL };
		struct sf_request request = { .variables = variables,
			.body_timeout_ms = SF_HTTP_BODY_TIMEOUT_MS };
		struct sf_detail detail;

		(void)snprintf(
			type, sizeof(type), "CONTENT_TYPE=%s", cases[i].type);
		assert_int_equal(sf_request_read_body(&request, -1, &detail),
			cases[i].err);
		free(request.body);
	}
}

/* Reads a body of `length` bytes within `timeout_ms`; returns the error. */
static int read_slow_body(int fd, const char *length, int timeout_ms)
{
	char size[32];
	char *variables[] = { json_type, size, NULL };
	struct sf_request request = { .variables = variables,
		.body_timeout_ms = timeout_ms };
	struct sf_detail detail;

	(void)snprintf(size, sizeof(size), "CONTENT_LENGTH=%s", length);
	return (int)sf_request_read_body(&request, fd, &detail);
}

static int read_three(void *data, int timeout_ms)
{
	return read_slow_body(*(int *)data, "3", timeout_ms);
}

static int read_thousand(void *data, int timeout_ms)
{
	return read_slow_body(*(int *)data, "1000", timeout_ms);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       info.si_pid == pid;
}

static void a_body_may_come_in_pieces(void **state)
{
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = support_start(
		read_three, &ends[0], 1000 * SUPPORT_PATIENCE_SECONDS);
	for (int i = 0; i < 3; i++) {
		(void)usleep(20000);
		assert_int_equal(write(ends[1], "x", 1), 1);
	}
	/* The pipe stays open: CONTENT_LENGTH alone ends the body. */
	assert_int_equal(support_finish(pid), SF_OK);
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

static void a_body_that_never_comes_is_given_up(void **state)
{
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = support_start(read_three, &ends[0], SHORT_MS);
	assert_int_equal(support_finish(pid), SF_ERR_INVALID);
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

/*
 * A deadline that began anew with each byte would let the whole body be read.
 */
static void a_body_that_arrives_too_slowly_is_given_up(void **state)
{
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = support_start(read_thousand, &ends[0], SHORT_MS);
	for (int i = 0; i < 1000 && !has_ended(pid); i++) {
		assert_int_equal(write(ends[1], "x", 1), 1);
		(void)usleep(1000 * SHORT_MS / 10);
	}
	assert_int_equal(support_finish(pid), SF_ERR_INVALID);
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

static void variables_are_found_by_their_whole_name(void **state)
{
	char *variables[] = { (char[]){ "NAMES=1" }, (char[]){ "NAM=2" },
		(char[]){ "EMPTY=" }, (char[]){ "NAME=a=b" },
		(char[]){ "NAME=second" }, (char[]){ "ODD" }, NULL };
	struct sf_request request = { .variables = variables };

	(void)state;
	assert_string_equal(sf_request_variable(&request, "NAME"), "a=b");
	assert_string_equal(sf_request_variable(&request, "EMPTY"), "");
	assert_string_equal(sf_request_variable(&request, "ODD"), "");
	assert_string_equal(sf_request_variable(&request, "NA"), "");
}

static void a_cgi_request_reads_the_environment(void **state)
{
	struct sf_request request;

	(void)state;
	assert_int_equal(setenv("SFCHAT_TEST", "here", 1), 0);
	sf_request_init(&request, environ);
	assert_string_equal(
		sf_request_variable(&request, "SFCHAT_TEST"), "here");
	assert_int_equal(request.body_timeout_ms, SF_HTTP_BODY_TIMEOUT_MS);
	assert_int_equal(unsetenv("SFCHAT_TEST"), 0);
}

static const struct {
	const char *query;
	enum sf_err err;
	const char *value;
} parameter_cases[] = {
	{ "", SF_ERR_NOT_FOUND, NULL },
	{ "&&", SF_ERR_NOT_FOUND, NULL },
	{ "other=1", SF_ERR_NOT_FOUND, NULL },
	{ "names=1", SF_ERR_NOT_FOUND, NULL },
	{ "nam=1", SF_ERR_NOT_FOUND, NULL },
	{ "Name=1", SF_ERR_NOT_FOUND, NULL },
	{ "xname=1", SF_ERR_NOT_FOUND, NULL },
	{ "name", SF_OK, "" },
	{ "name=", SF_OK, "" },
	{ "name=value", SF_OK, "value" },
	{ "a=1&name=value&b=2", SF_OK, "value" },
	{ "name=first&name=second", SF_OK, "first" },
	{ "&name=value&", SF_OK, "value" },
	{ "name=a=b", SF_OK, "a=b" },
	{ "name=a+b%2B%2b", SF_OK, "a b++" },
	{ "name=%c3%B6", SF_OK, "\xc3\xb6" },
	{ "name=1234567", SF_OK, "1234567" },
	{ "name=12345678", SF_ERR_INVALID, NULL },
	{ "name=%00", SF_ERR_INVALID, NULL },
	{ "name=%", SF_ERR_INVALID, NULL },
	{ "name=%4", SF_ERR_INVALID, NULL },
	{ "name=%4&1", SF_ERR_INVALID, NULL },
	{ "name=%g0", SF_ERR_INVALID, NULL },
	{ "name=%0G", SF_ERR_INVALID, NULL },
	{ "name=%@1", SF_ERR_INVALID, NULL },
};

static void parameters_are_found_and_decoded(void **state)
{
	(void)state;
	for (size_t i = 0;
		i < sizeof(parameter_cases) / sizeof(*parameter_cases); i++) {
		char query[64];
		char *variables[] = { query, NULL };
		struct sf_request request = { .variables = variables };
		char value[8] = "";

		(void)snprintf(query, sizeof(query), "QUERY_STRING=%s",
			parameter_cases[i].query);
		assert_int_equal(sf_request_parameter(&request, "name", value,
					 sizeof(value)),
			parameter_cases[i].err);
		if (parameter_cases[i].value)
			assert_string_equal(value, parameter_cases[i].value);
	}
}

static int send_reply(void *data, int number)
{
	(void)number;
	return (int)sf_reply_send(data, STDOUT_FILENO);
}

static void a_date_equals_that_of_the_c_library(void **state)
{
	/*
	 * Steps of a day and an hour cross leap years and turns of the century.
	 */
	const int64_t step = 86400 + 3661;

	(void)state;
	for (int64_t at = 0; at < INT64_C(8000000000); at += step) {
		char date[SF_HTTP_DATE_SIZE];
		char expected[SF_HTTP_DATE_SIZE];
		time_t seconds = (time_t)at;
		struct tm utc;

		assert_non_null(gmtime_r(&seconds, &utc));
		assert_true(strftime(expected, sizeof(expected),
				    "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0);
		sf_http_date_format(at, date);
		assert_string_equal(date, expected);
	}
}

static void a_reply_has_the_form_of_cgi(void **state)
{
	struct sf_reply reply = { 200, "Ok", "", "{}", false };
	struct support_output output;

	(void)state;
	support_capture(send_reply, &reply, "", 0, &output);
	assert_int_equal(output.status, SF_OK);
	assert_string_equal(output.out,
		"Status: 200 Ok\r\n"
		"Content-Type: application/json; charset=utf-8\r\n"
		"Content-Length: 2\r\n"
		"Cache-Control: no-store\r\n"
		"\r\n"
		"{}");
	reply.header = "Retry-After: 2";
	support_capture(send_reply, &reply, "", 0, &output);
	assert_non_null(
		strstr(output.out, "no-store\r\nRetry-After: 2\r\n\r\n{}"));
}

static void a_reply_to_head_has_no_body(void **state)
{
	struct sf_reply reply = { 200, "Ok", "", "{}", true };
	struct support_output output;

	(void)state;
	support_capture(send_reply, &reply, "", 0, &output);
	assert_int_equal(output.status, SF_OK);
	assert_non_null(strstr(output.out, "\r\nContent-Length: 2\r\n"));
	assert_string_equal(strstr(output.out, "no-store"), "no-store\r\n\r\n");
}

struct slow_reply {
	struct sf_reply reply;
	int fd;
};

static int send_slowly(void *data, int number)
{
	struct slow_reply *slow = data;

	(void)number;
	return (int)sf_reply_send(&slow->reply, slow->fd);
}

/* A pipe cannot hold the reply, so the reply goes out in pieces. */
static void a_reply_is_sent_whole(void **state)
{
	static char body[4 * PIPE];
	struct slow_reply slow = { { 200, "Ok", "", body, false }, -1 };
	char piece[1000];
	size_t total = 0;
	ssize_t got;
	int ends[2];
	pid_t pid;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(pipe(ends), 0);
	slow.fd = ends[1];
	pid = support_start(send_slowly, &slow, 0);
	assert_int_equal(close(ends[1]), 0);
	while ((got = read(ends[0], piece, sizeof(piece))) > 0)
		total += (size_t)got;
	assert_int_equal(got, 0);
	assert_in_range(total, sizeof(body) + 100, sizeof(body) + 200);
	assert_int_equal(piece[0], 'x');
	assert_int_equal(support_finish(pid), SF_OK);
	assert_int_equal(close(ends[0]), 0);
}

static void a_reply_that_nobody_reads_is_an_error(void **state)
{
	struct sf_reply reply = { 200, "Ok", "", "{}", false };
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(sf_reply_send(&reply, ends[1]), SF_ERR_UNAVAILABLE);
	assert_int_equal(close(ends[1]), 0);
	(void)signal(SIGPIPE, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_read_whole),
		cmocka_unit_test(an_empty_body_is_accepted),
		cmocka_unit_test(bytes_behind_the_body_are_not_read),
		cmocka_unit_test(a_body_that_ends_early_is_refused),
		cmocka_unit_test(a_length_that_is_no_number_is_refused),
		cmocka_unit_test(a_length_that_is_missing_is_refused),
		cmocka_unit_test(a_length_over_the_limit_is_too_large),
		cmocka_unit_test(a_skipped_body_is_checked_too),
		cmocka_unit_test(only_json_is_accepted),
		cmocka_unit_test(a_body_may_come_in_pieces),
		cmocka_unit_test(a_body_that_never_comes_is_given_up),
		cmocka_unit_test(a_body_that_arrives_too_slowly_is_given_up),
		cmocka_unit_test(variables_are_found_by_their_whole_name),
		cmocka_unit_test(a_cgi_request_reads_the_environment),
		cmocka_unit_test(parameters_are_found_and_decoded),
		cmocka_unit_test(a_date_equals_that_of_the_c_library),
		cmocka_unit_test(a_reply_has_the_form_of_cgi),
		cmocka_unit_test(a_reply_to_head_has_no_body),
		cmocka_unit_test(a_reply_is_sent_whole),
		cmocka_unit_test(a_reply_that_nobody_reads_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
