/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request from start to end. Nothing is written before the reply is whole,
 * so whatever fails on the way can still be answered as an error.
 */
#include "api/app.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "api/auth.h"
#include "base/die.h"
#include "base/log.h"
#include "http/scgi.h"
#include "http/server.h"

#define RETRY_SECONDS 2

/* PROTOCOL, "REST API", the table of codes. */
static const struct sf_json_answer refusals[SF_ERR__MAX] = {
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

static void answer_death(void)
{
	struct sf_reply reply = {
		.status = 500,
		.phrase = "Internal Server Error",
		.body = "{\"results\":{\"code\":500,"
			"\"msg\":\"Internal Server Error\"}}",
	};

	(void)!sf_reply_send(&reply, STDOUT_FILENO);
}

enum sf_err sf_app_open_store(struct sf_app *app)
{
	return sf_store_open(&app->config, &app->desk.store);
}

enum sf_err sf_app_open_desk(struct sf_app *app)
{
	/* Without wake-ups a chat still works, only slower. */
	if (!app->desk.wake &&
		sf_wake_open(&app->config, &app->desk.wake) != SF_OK)
		app->desk.wake = NULL;
	return sf_app_open_store(app);
}

enum sf_err sf_app_read_body(struct sf_app *app)
{
	return sf_request_read_body(&app->request, STDIN_FILENO, &app->detail);
}

enum sf_err sf_app_skip_body(struct sf_app *app)
{
	return sf_request_skip_body(&app->request, &app->detail);
}

enum sf_err sf_app_read_participant(
	struct sf_app *app, struct sf_participant *out)
{
	return sf_auth_read(&app->request, &app->config, out, &app->detail);
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

static const struct sf_method *find_method(
	const struct sf_resource *resource, const char *name)
{
	const struct sf_method *method = resource->methods;

	while (method->name && strcmp(method->name, name) != 0)
		method++;
	return method->name ? method : NULL;
}

void sf_app_watch_hangup(const struct sf_app *app, struct sf_hangup *out)
{
	sf_hangup_init(&app->request, STDOUT_FILENO, out);
	if (app->forked)
		sf_hangup_signal(STDIN_FILENO);
}

static enum sf_err serve(
	struct sf_app *app, const struct sf_resource *resource, char **body)
{
	const struct sf_method *method;

	if (!is_version_known(&app->request))
		return sf_detail_set(&app->detail, SF_ERR_NOT_FOUND,
			"version: v1 was expected, in the path or in "
			"X-SFC-VERSION");
	method = find_method(
		resource, sf_request_variable(&app->request, "REQUEST_METHOD"));
	if (!method)
		return SF_ERR_METHOD;
	app->success = method->success;
	return method->handle(app, body);
}

/*
 * RFC 9110: 10.2.1 Allow, 10.2.3 Retry-After, 11.6.1 WWW-Authenticate; RFC
 * 8594: Sunset.
 */
static void compose_header(const struct sf_app *app, enum sf_err err,
	const struct sf_resource *resource, char *out, size_t size)
{
	out[0] = '\0';
	if (!err && app->sunset_ms) {
		char date[SF_HTTP_DATE_SIZE];

		sf_http_date_format(app->sunset_ms / 1000, date);
		(void)snprintf(out, size, "Sunset: %s", date);
	}
	if (err == SF_ERR_UNAUTHORIZED)
		(void)snprintf(out, size, "WWW-Authenticate: SFChat");
	if (err == SF_ERR_TOO_MANY || err == SF_ERR_UNAVAILABLE)
		(void)snprintf(out, size, "Retry-After: %" PRId64,
			app->retry_seconds ? app->retry_seconds
					   : RETRY_SECONDS);
	if (err != SF_ERR_METHOD)
		return;
	for (size_t i = 0; resource->methods[i].name; i++) {
		size_t used = strlen(out);

		(void)snprintf(out + used, size - used, "%s%s",
			i ? ", " : "Allow: ", resource->methods[i].name);
	}
}

static enum sf_err answer(const struct sf_app *app, enum sf_err err,
	const struct sf_resource *resource, char *body)
{
	const struct sf_json_answer *start =
		err ? &refusals[err] : &app->success;
	char header[128];
	struct sf_reply reply = {
		.status = start->code,
		.phrase = start->phrase,
	};

	compose_header(app, err, resource, header, sizeof(header));
	if (*header)
		reply.header = header;
	if (!body)
		body = sf_json_compose_standard(
			start, err ? app->detail.text : "");
	reply.body = body;
	err = sf_reply_send(&reply, STDOUT_FILENO);
	free(body);
	return err;
}

/*
 * A request in hand is finished, even if the server has given it up: only a
 * wait may be ended by SIGTERM (sf_wake_wait() lets it through).
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
 * The process ends with its request. What it has, the system takes back at
 * once, for much less than it would cost to give it back piece by piece.
 */
static int finish(const struct sf_app *app, enum sf_err err,
	const struct sf_resource *resource, char *body)
{
	err = answer(app, err, resource, body);
	sf_store_leave(app->desk.store);
	return err ? 1 : 0;
}

/* The settings' faults are for whoever runs this, not for who asked. */
static enum sf_err load_config(struct sf_config *out)
{
	struct sf_detail detail;
	enum sf_err err = sf_config_load(out, &detail);

	if (!err)
		err = sf_store_check(out, &detail);
	if (!err)
		return SF_OK;
	sf_log(SF_LOG_ERROR, "%s", detail.text);
	return SF_ERR_INTERNAL;
}

static _Noreturn void run_cgi(const struct sf_resource *resource)
{
	struct sf_app app = { .forked = false };
	char *body = NULL;
	enum sf_err err;

	sf_request_init(&app.request);
	err = load_config(&app.config);
	if (!err)
		err = serve(&app, resource, &body);
	/* While what it has is in sight of who looks for leaks. */
	exit(finish(&app, err, resource, body));
}

/* What a connection's child has from its parent. */
struct origin {
	const struct sf_config *config;
	const struct sf_resource *resource;
	struct sf_wake *wake; /* NULL: to be opened by who needs it */
};

static int run_connection(const void *argument)
{
	const struct origin *origin = argument;
	struct sf_app app = {
		.config = *origin->config,
		.desk.wake = origin->wake,
		.forked = true,
	};
	char *body = NULL;
	enum sf_err err;

	hold_signals();
	err = sf_scgi_read(STDIN_FILENO, &app.request);
	if (err)
		return 1;
	err = serve(&app, origin->resource, &body);
	return finish(&app, err, origin->resource, body);
}

static int run_scgi(const char *path, const struct sf_resource *resource)
{
	struct sf_config config;
	struct origin origin = { &config, resource, NULL };
	int listener = STDIN_FILENO;
	enum sf_err err = load_config(&config);

	if (!err && path)
		err = sf_server_listen(path, &listener);
	if (err)
		return 1;
	sf_store_init();
	/* Memory that all share, where a connection is each one's own. */
	if (config.wake == SF_WAKE_LOCAL &&
		sf_wake_open(&config, &origin.wake) != SF_OK)
		origin.wake = NULL;
	return sf_server_run(listener, run_connection, &origin) ? 1 : 0;
}

static int refuse_usage(const char *name)
{
	(void)fprintf(stderr,
		"usage: %s              one CGI request\n"
		"       %s --scgi       all of the socket on standard input\n"
		"       %s --scgi PATH  all of a socket made at PATH\n",
		name, name, name);
	return 2;
}

int sf_app_main(int argc, char **argv, const struct sf_resource *resource)
{
	sf_log_guard_streams();
	sf_die_set_hook(answer_death);
	/* A CGI server may make arguments of a query: RFC 3875, 4.4. */
	if (argc <= 1 || getenv("REQUEST_METHOD")) {
		hold_signals();
		run_cgi(resource);
	}
	if (argc > 3 || strcmp(argv[1], "--scgi") != 0)
		return refuse_usage(argv[0]);
	return run_scgi(argv[2], resource);
}
