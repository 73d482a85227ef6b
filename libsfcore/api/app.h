/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every program of the API does around its handlers: reads the settings
 * and the request, checks version and method, runs the handler, and sends one
 * whole reply, at the end. The only part that knows HTTP statuses.
 */
#ifndef SF_APP_H
#define SF_APP_H

#include "chat/desk.h"
#include "http/hangup.h"
#include "http/http.h"
#include "api/json.h"

struct sf_app {
	struct sf_config config;
	struct sf_request request;
	struct sf_json_answer success; /* of the method that is handled */
	struct sf_desk desk;           /* open after sf_app_open_…() */
	struct sf_detail detail;       /* of the error that is returned */
	int64_t retry_seconds;         /* when a refused one may come again */
	int64_t sunset_ms; /* when the chat of a success ends; 0: unsaid */
	bool forked;       /* serves a connection of sf_server_run() */
};

/* Goes between braces: a struct sf_json_answer. */
#define SF_APP_OK 200, "Ok"
#define SF_APP_CREATED 201, "Created"
#define SF_APP_ACCEPTED 202, "Accepted"

struct sf_method {
	const char *name;
	struct sf_json_answer success;
	/* Returns the body in *body; left NULL it is the standard response. */
	enum sf_err (*handle)(struct sf_app *app, char **body);
};

struct sf_resource {
	const struct sf_method *methods; /* ends with a name of NULL */
};

/* Opens the store, late: a refused request needs none. As sf_store_open(). */
enum sf_err sf_app_open_store(struct sf_app *app) SF_MUST_CHECK;

/* Opens the wake-ups too: for what wakes somebody, or waits. */
enum sf_err sf_app_open_desk(struct sf_app *app) SF_MUST_CHECK;

/* Reads the JSON body of the request. Errors as sf_request_read_body(). */
enum sf_err sf_app_read_body(struct sf_app *app) SF_MUST_CHECK;

/* For a method that reads no body. Errors as sf_request_skip_body(). */
enum sf_err sf_app_skip_body(struct sf_app *app) SF_MUST_CHECK;

/* Who asks. Errors as sf_auth_read(). */
enum sf_err sf_app_read_participant(
	struct sf_app *app, struct sf_participant *out) SF_MUST_CHECK;

/*
 * Before a wait: from now on the process ends when the server says that the
 * client has left. As a CGI program it is told by SIGTERM in any case. out is
 * for asking where the server does not say it.
 */
void sf_app_watch_hangup(const struct sf_app *app, struct sf_hangup *out);

/*
 * What every program's main is: serves one request as CGI/1.1 says or, with
 * --scgi, all that come in over the listening socket which is standard input or
 * is made at the path behind it. Returns the exit status: 2 for bad arguments.
 */
int sf_app_main(int argc, char **argv, const struct sf_resource *resource);

#endif
