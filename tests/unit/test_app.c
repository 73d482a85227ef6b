/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame around the handlers. A server runs it as a process whose
 * environment is the request and whose output is the reply; so do the tests.
 */
#include "api/app.h"
#include "support.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"

#define USER "0123456789abcdef00ff100f"
#define CHAT "fedcba98765432100123abcd"

/* One run of the program. */
struct run {
	const char *variables[12]; /* "NAME=value" */
	char *arguments[5];
	const char *input;
	bool deaf; /* nobody reads the reply */
};

/* Does what the query asks for: "err=3", "die", "retry", "sunset", "body"… */
static enum sf_err obey_query(struct sf_app *app)
{
	const char *deed = sf_request_variable(&app->request, "QUERY_STRING");
	struct sf_app_reply *reply = &app->reply;

	if (strcmp(deed, "die") == 0)
		sf_die("on purpose");
	if (strcmp(deed, "term") == 0)
		(void)raise(SIGTERM);
	if (strcmp(deed, "body") == 0)
		reply->body = sf_strdup("{\"own\":true}");
	if (strcmp(deed, "sunset") == 0)
		reply->sunset_ms = INT64_C(784111777999);
	if (strcmp(deed, "retry") == 0) {
		reply->retry_seconds = 17;
		return sf_detail_set(
			&reply->detail, SF_ERR_TOO_MANY, "not so fast");
	}
	if (strncmp(deed, "err=", 4) == 0)
		return (enum sf_err)strtol(deed + 4, NULL, 10);
	return SF_OK;
}

static enum sf_err check_body(struct sf_app *app)
{
	return app->request.body_size == 2 ? SF_OK : SF_ERR_INVALID;
}

static enum sf_err return_caller(struct sf_app *app)
{
	app->reply.body = sf_json_compose_tokens(
		&app->reply.status, &app->caller.chat, &app->caller.user);
	return SF_OK;
}

static const struct sf_method methods[] = {
	{ "GET", SF_APP_OK, 0, NULL, obey_query,
		{ [SF_ERR_CONFLICT] = "somebody was faster",
			[SF_ERR_TOO_MANY] = "too many requests" } },
	{ "POST", SF_APP_ACCEPTED, SF_APP_NO_BODY, NULL, obey_query, { NULL } },
	{ "PUT", SF_APP_CREATED, SF_APP_CALLER | SF_APP_BODY, check_body,
		return_caller,
		{ [SF_ERR_INVALID] = "two bytes were expected" } },
	{ .name = NULL },
};

static int run_program(void *data, int number)
{
	struct run *run = data;
	int argc = 1;
	int status;

	(void)number;
	for (size_t i = 0; run->variables[i]; i++)
		(void)putenv((char *)(uintptr_t)run->variables[i]);
	if (run->deaf) {
		int ends[2];

		if (pipe(ends) || close(ends[0]) || dup2(ends[1], 1) < 0)
			return -1;
	}
	run->arguments[0] = (char[]){ "program" };
	while (run->arguments[argc])
		argc++;
	status = sf_app_main(argc, run->arguments, methods);
	(void)fflush(stdout);
	return status;
}

static struct support_output run_and_capture(struct run run)
{
	struct support_output output;

	support_capture(run_program, &run, run.input ? run.input : "",
		run.input ? strlen(run.input) : 0, &output);
	return output;
}

static struct support_output get_with_query(const char *query_string)
{
	return run_and_capture(
		(struct run){ .variables = { "REQUEST_METHOD=GET",
				      "PATH_INFO=/v1", query_string } });
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s is in: %s", part, text);
}

static void a_success_has_the_status_of_its_method(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=");

	(void)state;
	assert_int_equal(output.status, 0);
	assert_string_equal(output.err, "");
	assert_has(output.out, "Status: 200 Ok\r\n");
	assert_has(output.out,
		"\r\n\r\n{\"results\":{\"code\":200,\"msg\":\"Ok\"}}");
	output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=POST", "PATH_INFO=/v1" } });
	assert_has(output.out, "Status: 202 Accepted\r\n");
	assert_has(output.out, "{\"code\":202,\"msg\":\"Accepted\"}");
}

static void a_handler_may_reply_with_its_own_body(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=body");

	(void)state;
	assert_has(output.out, "Status: 200 Ok\r\n");
	assert_has(output.out, "\r\n\r\n{\"own\":true}");
}

/*
 * Asserts that the reply has `header`, and none of the other headers that
 * belong to one status alone; NULL: none of them at all.
 */
static void assert_has_header(const char *reply, const char *header)
{
	static const char *const headers[] = {
		"WWW-Authenticate:", "Retry-After:", "Allow:"
	};

	if (header)
		assert_has(reply, header);
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (!header || strncmp(header, headers[i], 5) != 0)
			assert_lacks(reply, headers[i]);
}

/* PROTOCOL, "Codes". */
static const struct {
	enum sf_err err;
	int status;
	const char *phrase;
	const char *header; /* that belongs to this status alone; or NULL */
} codes[] = {
	{ SF_ERR_INVALID, 400, "Bad Request", NULL },
	{ SF_ERR_UNAUTHORIZED, 401, "Unauthorized",
		"WWW-Authenticate: SFChat\r\n" },
	{ SF_ERR_CLOSED, 403, "Forbidden", NULL },
	{ SF_ERR_NOT_FOUND, 404, "Not Found", NULL },
	{ SF_ERR_CONFLICT, 409, "Conflict", NULL },
	{ SF_ERR_TOO_LARGE, 413, "Content Too Large", NULL },
	{ SF_ERR_MEDIA_TYPE, 415, "Unsupported Media Type", NULL },
	{ SF_ERR_TOO_MANY, 429, "Too Many Requests", "Retry-After: 2\r\n" },
	{ SF_ERR_INTERNAL, 500, "Internal Server Error", NULL },
	{ SF_ERR_METHOD, 501, "Not Implemented", "Allow: GET, POST, PUT\r\n" },
	{ SF_ERR_UNAVAILABLE, 503, "Service Unavailable",
		"Retry-After: 2\r\n" },
};

static void every_error_has_its_status(void **state)
{
	(void)state;
	assert_int_equal(sizeof(codes) / sizeof(*codes), SF_ERR__MAX - 1);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct support_output output;
		char text[128];

		(void)snprintf(text, sizeof(text), "QUERY_STRING=err=%d",
			(int)codes[i].err);
		output = run_and_capture(
			(struct run){ .variables = { "REQUEST_METHOD=POST",
					      "PATH_INFO=/v1", text } });
		assert_int_equal(output.status, 0);
		(void)snprintf(text, sizeof(text), "Status: %d %s\r\n",
			codes[i].status, codes[i].phrase);
		assert_has(output.out, text);
		(void)snprintf(text, sizeof(text),
			"\r\n\r\n{\"results\":{\"code\":%d,\"msg\":\"%s\"}}",
			codes[i].status, codes[i].phrase);
		assert_has(output.out, text);
		assert_has(output.out, "application/json; charset=utf-8\r\n");
		assert_has(output.out, "Cache-Control: no-store\r\n");
		assert_has_header(output.out, codes[i].header);
	}
}

static void a_refusal_says_why_and_when_to_return(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=retry");

	(void)state;
	assert_has(output.out, "Retry-After: 17\r\n");
	assert_has(output.out, "\"detail\":\"not so fast\"");
}

static void an_error_without_a_detail_gets_that_of_its_row(void **state)
{
	char text[64];
	struct support_output output;

	(void)state;
	(void)snprintf(text, sizeof(text), "QUERY_STRING=err=%d",
		(int)SF_ERR_CONFLICT);
	output = get_with_query(text);
	assert_has(output.out, "\"detail\":\"somebody was faster\"");
	(void)snprintf(
		text, sizeof(text), "QUERY_STRING=err=%d", (int)SF_ERR_CLOSED);
	output = get_with_query(text);
	assert_lacks(output.out, "detail");
}

/* Returns the reply to a PUT with these variables and the body {}. */
static struct support_output put_with_tokens(
	const char *user, const char *chat_token, const char *type)
{
	return run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=PUT", "PATH_INFO=/v1",
			"SFCHAT_USER_TOKEN_HEADER=U",
			"SFCHAT_CHAT_TOKEN_HEADER=C", user, chat_token, type,
			"CONTENT_LENGTH=2" },
		.input = "{}" });
}

static void the_tokens_of_the_caller_are_read_from_the_headers(void **state)
{
	struct support_output output = put_with_tokens("HTTP_U=" USER,
		"HTTP_C=" CHAT, "CONTENT_TYPE=application/json");

	(void)state;
	assert_has(output.out, "Status: 201 Created\r\n");
	assert_has(output.out,
		"\"chatToken\":\"" CHAT "\",\"userToken\":\"" USER "\"");
}

static void a_missing_or_malformed_token_is_refused_by_name(void **state)
{
	static const struct {
		const char *user, *chat_token, *named;
	} cases[] = {
		{ "OTHER=" USER, "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=", "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=" USER "0", "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=" USER, "OTHER=" CHAT, "chat token" },
		{ "HTTP_U=" USER, "HTTP_C= " CHAT, "chat token" },
		{ "HTTP_U=" USER, "HTTP_C=FEDCba98765432100123abcd",
			"chat token" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct support_output output = put_with_tokens(cases[i].user,
			cases[i].chat_token, "CONTENT_TYPE=text/plain");

		assert_has(output.out, "Status: 401 Unauthorized\r\n");
		assert_has(output.out, cases[i].named);
		assert_lacks(output.out, "0123456789");
	}
}

static void a_body_is_read_after_the_tokens_and_then_checked(void **state)
{
	struct support_output output = put_with_tokens(
		"HTTP_U=" USER, "HTTP_C=" CHAT, "CONTENT_TYPE=text/plain");

	(void)state;
	assert_has(output.out, "Status: 415 ");
	output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=PUT", "PATH_INFO=/v1",
			"HTTP_X_SFC_USERTOKEN=" USER,
			"HTTP_X_SFC_CHATTOKEN=" CHAT,
			"CONTENT_TYPE=application/json", "CONTENT_LENGTH=3" },
		.input = "{ }" });
	assert_has(output.out, "Status: 400 ");
	assert_has(output.out, "\"detail\":\"two bytes were expected\"");
}

static void an_unneeded_body_is_refused_only_if_malformed(void **state)
{
	struct run run = { .variables = { "REQUEST_METHOD=POST",
				   "PATH_INFO=/v1", "CONTENT_LENGTH=2",
				   "CONTENT_TYPE=application/json" },
		.input = "{}" };

	(void)state;
	assert_has(run_and_capture(run).out, "Status: 202 ");
	run.variables[3] = "CONTENT_TYPE=text/plain";
	assert_has(run_and_capture(run).out, "Status: 415 ");
}

static void a_success_says_when_its_chat_ends(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=sunset");

	(void)state;
	assert_has(output.out, "Sunset: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	output = get_with_query("QUERY_STRING=body");
	assert_lacks(output.out, "Sunset");
}

static void a_method_without_a_row_is_refused_with_501(void **state)
{
	static const char *const names[] = { "REQUEST_METHOD=DELETE",
		"REQUEST_METHOD=get", "REQUEST_METHOD=", "REQUEST_METHOD=GE",
		"REQUEST_METHOD=GETS", "NO_METHOD=1" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct support_output output = run_and_capture((struct run){
			.variables = { names[i], "PATH_INFO=/v1" } });

		assert_has(output.out, "Status: 501 Not Implemented\r\n");
		assert_has(output.out, "Allow: GET, POST, PUT\r\n");
	}
}

static void an_unknown_version_is_refused_with_404(void **state)
{
	static const struct {
		const char *path, *header;
		bool known;
	} cases[] = {
		{ "PATH_INFO=/v1", "X=", true },
		{ "PATH_INFO=/v1", "HTTP_X_SFC_VERSION=", true },
		{ "PATH_INFO=/v1", "HTTP_X_SFC_VERSION=v1", true },
		{ "PATH_INFO=", "HTTP_X_SFC_VERSION=v1", true },
		{ "X=", "HTTP_X_SFC_VERSION=v1", true },
		{ "X=", "Y=", false },
		{ "PATH_INFO=/v2", "HTTP_X_SFC_VERSION=v1", false },
		{ "PATH_INFO=/v1", "HTTP_X_SFC_VERSION=v2", false },
		{ "PATH_INFO=", "HTTP_X_SFC_VERSION=v2", false },
		{ "PATH_INFO=/", "HTTP_X_SFC_VERSION=v1", false },
		{ "PATH_INFO=/v1/", "X=", false },
		{ "PATH_INFO=v1", "X=", false },
		{ "PATH_INFO=/V1", "X=", false },
		{ "PATH_INFO=/v11", "X=", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct support_output output = run_and_capture((struct run){
			.variables = { "REQUEST_METHOD=GET", cases[i].path,
				cases[i].header } });

		if (!strstr(output.out,
			    cases[i].known ? "Status: 200 " : "Status: 404 "))
			fail_msg("%s %s: %s", cases[i].path, cases[i].header,
				output.out);
	}
}

static void only_the_log_names_a_bad_setting(void **state)
{
	struct support_output output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=GET", "PATH_INFO=/v1",
			"SFCHAT_POLL_SLEEP=soon" } });

	(void)state;
	assert_has(output.out, "Status: 500 ");
	assert_lacks(output.out, "SFCHAT");
	assert_has(output.err, "sfchat: SFCHAT_POLL_SLEEP: ");
	assert_lacks(output.err, "soon");
}

static void a_dying_process_replies_first(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=die");

	(void)state;
	assert_int_equal(output.status, 1);
	assert_has(output.out, "Status: 500 Internal Server Error\r\n");
	assert_has(output.out, "\r\n\r\n{\"results\":{\"code\":500,"
			       "\"msg\":\"Internal Server Error\"}}");
	assert_string_equal(output.err, "sfchat: on purpose\n");
}

static void sigterm_lets_a_running_request_finish(void **state)
{
	struct support_output output = get_with_query("QUERY_STRING=term");

	(void)state;
	assert_int_equal(output.status, 0);
	assert_has(output.out, "Status: 200 ");
}

static void a_reply_that_nobody_reads_is_an_error(void **state)
{
	struct support_output output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=GET", "PATH_INFO=/v1" },
		.deaf = true });

	(void)state;
	assert_int_equal(output.status, 1);
}

static void bad_arguments_are_refused(void **state)
{
	const struct run runs[] = {
		{ .arguments = { NULL, (char[]){ "--help" } } },
		{ .arguments = { NULL, (char[]){ "" } } },
		{ .arguments = { NULL, (char[]){ "--version" },
			  (char[]){ "x" } } },
		{ .arguments = { NULL, (char[]){ "--scgi" }, (char[]){ "a" },
			  (char[]){ "b" } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct support_output output = run_and_capture(runs[i]);

		assert_int_equal(output.status, 2);
		assert_string_equal(output.out, "");
		assert_has(output.err, "usage: ");
	}
}

static void the_version_is_printed(void **state)
{
	struct support_output output = run_and_capture(
		(struct run){ .arguments = { NULL, (char[]){ "--version" } } });

	(void)state;
	assert_int_equal(output.status, 0);
	assert_string_equal(output.out, "test_app " SF_VERSION "\n");
	assert_string_equal(output.err, "");
}

/* A CGI server may turn a query into arguments: RFC 3875, section 4.4. */
static void a_cgi_request_makes_the_program_ignore_arguments(void **state)
{
	struct support_output output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=GET", "PATH_INFO=/v1" },
		.arguments = { NULL, (char[]){ "--scgi" },
			(char[]){ "/dev/null" } } });

	(void)state;
	assert_has(output.out, "Status: 200 ");
	output = run_and_capture((struct run){
		.variables = { "REQUEST_METHOD=GET", "PATH_INFO=/v1" },
		.arguments = { NULL, (char[]){ "--version" } } });
	assert_has(output.out, "Status: 200 ");
	assert_lacks(output.out, SF_VERSION);
}

static void scgi_ends_without_good_settings_or_a_socket(void **state)
{
	struct support_output output = run_and_capture(
		(struct run){ .variables = { "SFCHAT_STORE=nowhere" },
			.arguments = { NULL, (char[]){ "--scgi" } } });

	(void)state;
	assert_int_equal(output.status, 1);
	assert_has(output.err, "sfchat: SFCHAT_STORE: ");
	output = run_and_capture(
		(struct run){ .arguments = { NULL, (char[]){ "--scgi" },
				      (char[]){ "/dev/null/s" } } });
	assert_int_equal(output.status, 1);
	assert_has(output.err, "sfchat: /dev/null/s: ");
	output = run_and_capture(
		(struct run){ .arguments = { NULL, (char[]){ "--scgi" } } });
	assert_int_equal(output.status, 1);
	assert_has(output.err, "sfchat: --scgi: a PATH was expected");
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (int i = 0;
		connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0;
		i++) {
		assert_in_range(i, 0, 1000 * SUPPORT_PATIENCE_SECONDS);
		(void)usleep(1000);
	}
	return fd;
}

static void send_request(const char *path, const char *request, size_t size,
	char *reply, size_t reply_size)
{
	int fd = connect_to(path);
	size_t used = 0;
	ssize_t got;

	assert_int_equal(send(fd, request, size, MSG_NOSIGNAL), size);
	while ((got = read(fd, reply + used, reply_size - 1 - used)) > 0)
		used += (size_t)got;
	reply[used] = '\0';
	assert_int_equal(close(fd), 0);
}

static void scgi_serves_many_requests(void **state)
{
	static const char good[] = "51:REQUEST_METHOD\0GET\0PATH_INFO\0/v1\0"
				   "QUERY_STRING\0body\0,";
	static const char bad[] = "5:hello,";
	char path[128];
	struct run run = { .arguments = { NULL, (char[]){ "--scgi" }, path } };
	char reply[1024];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/scgi", (const char *)*state);
	pid = support_start(run_program, &run, 0);
	for (int i = 0; i < 3; i++) {
		send_request(
			path, good, sizeof(good) - 1, reply, sizeof(reply));
		assert_has(reply, "Status: 200 Ok\r\n");
		assert_has(reply, "{\"own\":true}");
		send_request(path, bad, sizeof(bad) - 1, reply, sizeof(reply));
		assert_string_equal(reply, "");
	}
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(support_finish(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_has_the_status_of_its_method),
		cmocka_unit_test(a_handler_may_reply_with_its_own_body),
		cmocka_unit_test(every_error_has_its_status),
		cmocka_unit_test(a_refusal_says_why_and_when_to_return),
		cmocka_unit_test(
			an_error_without_a_detail_gets_that_of_its_row),
		cmocka_unit_test(
			the_tokens_of_the_caller_are_read_from_the_headers),
		cmocka_unit_test(
			a_missing_or_malformed_token_is_refused_by_name),
		cmocka_unit_test(
			a_body_is_read_after_the_tokens_and_then_checked),
		cmocka_unit_test(an_unneeded_body_is_refused_only_if_malformed),
		cmocka_unit_test(a_success_says_when_its_chat_ends),
		cmocka_unit_test(a_method_without_a_row_is_refused_with_501),
		cmocka_unit_test(an_unknown_version_is_refused_with_404),
		cmocka_unit_test(only_the_log_names_a_bad_setting),
		cmocka_unit_test(a_dying_process_replies_first),
		cmocka_unit_test(sigterm_lets_a_running_request_finish),
		cmocka_unit_test(a_reply_that_nobody_reads_is_an_error),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(the_version_is_printed),
		cmocka_unit_test(
			a_cgi_request_makes_the_program_ignore_arguments),
		cmocka_unit_test(scgi_ends_without_good_settings_or_a_socket),
		cmocka_unit_test(scgi_serves_many_requests),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
