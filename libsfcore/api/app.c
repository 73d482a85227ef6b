/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request from start to end. Nothing is written before the reply is whole,
 * so whatever fails on the way can still be answered as an error.
 */
#include "api/app.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "base/tally.h"
#include "http/scgi.h"
#include "http/server.h"

#define RETRY_SECONDS 2

static const struct sf_json_status success_statuses[] = {
	[SF_APP_OK] = { 200, "Ok" },
	[SF_APP_CREATED] = { 201, "Created" },
	[SF_APP_ACCEPTED] = { 202, "Accepted" },
};

/* PROTOCOL, "Codes". */
static const struct sf_json_status error_statuses[SF_ERR__MAX] = {
	[SF_ERR_INVALID] = { 400, "Bad Request" },
	[SF_ERR_UNAUTHORIZED] = { 401, "Unauthorized" },
	[SF_ERR_CLOSED] = { 403, "Forbidden" },
	[SF_ERR_NOT_FOUND] = { 404, "Not Found" },
	[SF_ERR_CONFLICT] = { 409, "Conflict" },
	[SF_ERR_TOO_LARGE] = { 413, "Content Too Large" },
	[SF_ERR_MEDIA_TYPE] = { 415, "Unsupported Media Type" },
	[SF_ERR_TOO_MANY] = { 429, "Too Many Requests" },
	[SF_ERR_INTERNAL] = { 500, "Internal Server Error" },
	[SF_ERR_METHOD] = { 501, "Not Implemented" },
	[SF_ERR_UNAVAILABLE] = { 503, "Service Unavailable" },
};

static void reply_at_death(void)
{
	struct sf_reply reply = {
		.status = 500,
		.phrase = "Internal Server Error",
		.header = "",
		.body = "{\"results\":{\"code\":500,"
			"\"msg\":\"Internal Server Error\"}}",
	};

	(void)!sf_reply_send(&reply, STDOUT_FILENO);
}

static void open_wake(struct sf_app *app)
{
	/* Without wake-ups a chat still works, only slower. */
	if (!app->desk.wake)
		(void)!sf_wake_open(&app->config, &app->desk.wake);
}

void sf_app_prepare_wait(const struct sf_app *app, struct sf_hangup *out)
{
	sf_hangup_init(&app->request, STDOUT_FILENO, out);
	if (app->forked)
		sf_hangup_request_signal(STDIN_FILENO);
}

/* The version may come in the path, in a header, or in both if they agree. */
static bool is_version_known(const struct sf_request *request)
{
	const char *header = sf_request_variable(request, "HTTP_X_SFC_VERSION");
	const char *path = sf_request_variable(request, "PATH_INFO");

	if (*header && strcmp(header, "v1") != 0)
		return false;
	return strcmp(path, "/v1") == 0 || (*path == '\0' && *header);
}

static bool read_token(
	const struct sf_app *app, const char *variable, struct sf_token *out)
{
	const char *text = sf_request_variable(&app->request, variable);

	return sf_token_parse(text, strlen(text), out);
}

/*
 * Reads the tokens only: each verb of the store checks that they exist and
 * belong together, so that nothing can change between the check and the deed.
 */
static enum sf_err read_caller(struct sf_app *app)
{
	const char *wrong = NULL;

	if (!read_token(
		    app, app->config.user_token_variable, &app->caller.user))
		wrong = "user";
	else if (!read_token(app, app->config.chat_token_variable,
			 &app->caller.chat))
		wrong = "chat";
	return wrong ? sf_detail_set(&app->reply.detail, SF_ERR_UNAUTHORIZED,
			       "the %s token is missing or malformed", wrong)
		     : SF_OK;
}

static enum sf_err read_request(
	struct sf_app *app, const struct sf_method *method)
{
	struct sf_detail *detail = &app->reply.detail;
	enum sf_err err = SF_OK;

	if (method->needs & SF_APP_CALLER)
		err = read_caller(app);
	if (!err && method->needs & SF_APP_BODY)
		err = sf_request_read_body(&app->request, STDIN_FILENO, detail);
	if (!err && method->needs & SF_APP_NO_BODY)
		err = sf_request_check_unread_body(&app->request, detail);
	return !err && method->check ? method->check(app) : err;
}

static enum sf_err open_desk(struct sf_app *app, unsigned int needs)
{
	if (needs & SF_APP_WAKE)
		open_wake(app);
	if (needs & SF_APP_STORE)
		return sf_store_open(&app->config, &app->desk.store);
	return SF_OK;
}

static enum sf_err carry_out(struct sf_app *app, const struct sf_method *method)
{
	struct sf_detail *detail = &app->reply.detail;
	enum sf_err err;

	app->reply.status = success_statuses[method->success];
	if (!(err = read_request(app, method)) &&
		!(err = open_desk(app, method->needs)))
		err = method->handle(app);
	if (method->details[err] && !*detail->text)
		return sf_detail_set(detail, err, "%s", method->details[err]);
	return err;
}

static const struct sf_method *find_method(
	const struct sf_app *app, const char *name)
{
	const struct sf_method *method = app->methods;

	while (method->name && strcmp(method->name, name) != 0)
		method++;
	return method;
}

/*
 * Chooses the row of the request's method. A client behind something that lets
 * no DELETE through sends a POST with X-SFC-Method.
 */
static enum sf_err choose_method(
	struct sf_app *app, const struct sf_method **out)
{
	const char *name = sf_request_variable(&app->request, "REQUEST_METHOD");
	const char *meant =
		sf_request_variable(&app->request, "HTTP_X_SFC_METHOD");
	const struct sf_method *row = find_method(app, "DELETE");

	if (!*meant || strcmp(name, "POST") != 0 || !row->name)
		row = find_method(app, name);
	else if (strcmp(meant, row->name) != 0)
		return sf_detail_set(&app->reply.detail, SF_ERR_INVALID,
			"X-SFC-Method: DELETE was expected");
	*out = row;
	return row->name ? SF_OK : SF_ERR_METHOD;
}

static enum sf_err serve_request(struct sf_app *app)
{
	const struct sf_method *method = app->methods;
	enum sf_err err;

	if (!is_version_known(&app->request))
		return sf_detail_set(&app->reply.detail, SF_ERR_NOT_FOUND,
			"version: v1 was expected, in the path or in "
			"X-SFC-VERSION");
	err = choose_method(app, &method);
	return err ? err : carry_out(app, method);
}

/*
 * RFC 9110: 10.2.1 Allow, 10.2.3 Retry-After, 11.6.1 WWW-Authenticate; RFC
 * 8594: Sunset.
 */
static void compose_header(
	const struct sf_app *app, enum sf_err err, char *out, size_t size)
{
	int64_t retry_seconds = app->reply.retry_seconds;
	const struct sf_method *method = app->methods;

	out[0] = '\0';
	if (!err && app->reply.sunset_ms) {
		char date[SF_HTTP_DATE_SIZE];

		sf_http_date_format(app->reply.sunset_ms / 1000, date);
		(void)snprintf(out, size, "Sunset: %s", date);
	}
	if (err == SF_ERR_UNAUTHORIZED)
		(void)snprintf(out, size, "WWW-Authenticate: SFChat");
	if (err == SF_ERR_TOO_MANY || err == SF_ERR_UNAVAILABLE)
		(void)snprintf(out, size, "Retry-After: %" PRId64,
			retry_seconds ? retry_seconds : RETRY_SECONDS);
	for (; err == SF_ERR_METHOD && method->name; method++) {
		size_t used = strlen(out);

		(void)snprintf(out + used, size - used, "%s%s",
			used ? ", " : "Allow: ", method->name);
	}
}

/* RFC 3875, 4.3.3: the reply to HEAD has no body, even if it is an error. */
static bool is_head(const struct sf_request *request)
{
	return strcmp(sf_request_variable(request, "REQUEST_METHOD"), "HEAD") ==
	       0;
}

static enum sf_err send_reply(struct sf_app *app, enum sf_err err)
{
	char header[128];
	struct sf_json_status status =
		err ? error_statuses[err] : app->reply.status;
	struct sf_reply reply = {
		.status = status.code,
		.phrase = status.phrase,
		.header = header,
		.head_only = is_head(&app->request),
	};

	compose_header(app, err, header, sizeof(header));
	if (!app->reply.body)
		app->reply.body = sf_json_compose_standard(
			&status, err ? app->reply.detail.text : "");
	reply.body = app->reply.body;
	return sf_reply_send(&reply, STDOUT_FILENO);
}

/*
 * A request is finished even if the server has given it up: SIGTERM may end
 * the process only during a wait, when sf_wake_wait() unblocks it.
 */
static void hold_signals(void)
{
	sigset_t held;

	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
}

/*
 * Returns the exit status. The process exits after its one request: letting the
 * kernel reclaim everything is cheaper than freeing it.
 */
static int finish_request(struct sf_app *app, enum sf_err err)
{
	if (err)
		sf_tally_count(&app->config, err);
	err = send_reply(app, err);
	sf_store_leave(app->desk.store);
	if (!err)
		sf_request_drain(&app->request, STDIN_FILENO, STDOUT_FILENO);
	return err ? 1 : 0;
}

/* A wrong setting is the operator's business: only the log names it. */
static enum sf_err load_config(struct sf_config *out)
{
	struct sf_detail detail;
	enum sf_err err = sf_config_load(out, &detail);

	if (!err)
		err = sf_store_check(out, &detail);
	if (!err)
		return SF_OK;
	sf_log("%s", detail.text);
	return SF_ERR_INTERNAL;
}

static _Noreturn void run_cgi(const struct sf_method *methods)
{
	struct sf_app app = { .methods = methods };
	enum sf_err err;

	hold_signals();
	sf_request_init(&app.request, environ);
	err = load_config(&app.config);
	if (!err)
		err = serve_request(&app);
	/* exit() here, while `app` is still on the stack: LeakSanitizer then
	 * finds its memory reachable. */
	exit(finish_request(&app, err));
}

/* Runs in a connection's child, with what its parent has prepared. */
static int serve_connection(const void *prepared)
{
	struct sf_app app = *(const struct sf_app *)prepared;

	hold_signals();
	if (sf_scgi_read(STDIN_FILENO, &app.request) != SF_OK)
		return 1;
	/* As in run_cgi(). */
	_exit(finish_request(&app, serve_request(&app)));
}

static int run_scgi(const char *path, const struct sf_method *methods)
{
	struct sf_app app = { .methods = methods, .forked = true };
	enum sf_err err = load_config(&app.config);
	int listener = -1;

	if (!err)
		err = path ? sf_server_listen(path, &listener)
			   : sf_server_inherit(&listener);
	if (err)
		return 1;
	/* The local table is shared memory, so map it once, before forking. A
	 * Redis connection cannot be shared: each child opens its own. */
	if (app.config.wake == SF_WAKE_LOCAL)
		open_wake(&app);
	/* As in run_cgi(). */
	exit(sf_server_run(listener, serve_connection, &app) ? 1 : 0);
}

static int refuse_usage(const char *name)
{
	(void)fprintf(stderr,
		"usage: %s              serves one CGI request\n"
		"       %s --scgi       serves the listening socket that "
		"systemd\n"
		"                       passes, or that is standard input\n"
		"       %s --scgi PATH  makes a socket at PATH and serves it\n"
		"       %s --version    prints the version\n",
		name, name, name, name);
	return 2;
}

int sf_app_main(int argc, char **argv, const struct sf_method *methods)
{
	sf_log_guard_streams();
	sf_die_set_hook(reply_at_death);
	/* A CGI server may pass a query's words as arguments: RFC 3875, 4.4. */
	if (argc <= 1 || getenv("REQUEST_METHOD"))
		run_cgi(methods);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("%s %s\n", program_invocation_short_name,
			       SF_VERSION) < 0;
	if (argc > 3 || strcmp(argv[1], "--scgi") != 0)
		return refuse_usage(argv[0]);
	return run_scgi(argv[2], methods);
}
