/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame around the handlers of every program of the API: reads the settings
 * and the request, carries out the row of the request's method, and sends one
 * whole reply at the end. The only part that chooses HTTP statuses.
 */
#ifndef SF_APP_H
#define SF_APP_H

#include "api/json.h"
#include "chat/poll.h"
#include "http/http.h"

/* What the reply says. A method's `check` and `handle` fill it. */
struct sf_app_reply {
	struct sf_json_status status; /* of a success; `app.c` fills it */
	char *body;              /* from malloc(3); NULL: the standard reply */
	struct sf_detail detail; /* why the request is refused; or "" */
	int64_t retry_seconds;   /* for Retry-After; 0: the usual time */
	int64_t sunset_ms; /* when the chat expires, for Sunset; 0: none */
};

/* The `check` of a method fills this from the request, for its `handle`. */
union sf_app_input {
	struct sf_poll_request poll;
	struct sf_participant joiner;
	struct sf_messages messages;
	struct sf_ids ids;
};

/* One request. Nothing of it is freed: the process ends with its request. */
struct sf_app {
	const struct sf_method *methods;
	struct sf_config config;
	struct sf_request request;
	struct sf_participant caller; /* with SF_APP_CALLER */
	union sf_app_input input;
	/*
	 * The row's `needs` say which parts are open. An SCGI server with
	 * local wake-ups opens `wake` in any case.
	 */
	struct sf_desk desk;
	struct sf_app_reply reply;
	bool forked; /* serves a connection of sf_server_run() */
};

enum sf_app_success { SF_APP_OK, SF_APP_CREATED, SF_APP_ACCEPTED };

/* The needs of a method. `app.c` reads and opens it in this order. */
enum sf_app_need {
	SF_APP_CALLER = 1,  /* the two tokens, in the header of the request */
	SF_APP_BODY = 2,    /* a JSON body, which is read */
	SF_APP_NO_BODY = 4, /* not read; refused if its headers are wrong */
	SF_APP_WAKE = 8,
	SF_APP_STORE = 16,
	SF_APP_DESK = SF_APP_WAKE | SF_APP_STORE /* to wake somebody */
};

/* One row of a resource's table. The last row has no name. */
struct sf_method {
	const char *name;
	enum sf_app_success success;
	unsigned int needs;
	/*
	 * Reads what `handle` needs into `input`, or refuses the request,
	 * before the store is opened. For POST create.json it also counts the
	 * creation. May be NULL.
	 */
	enum sf_err (*check)(struct sf_app *app);
	enum sf_err (*handle)(struct sf_app *app);
	/* The detail for each error, if nothing has set a detail yet. */
	const char *details[SF_ERR__MAX];
};

/*
 * Prepares to notice that the client has left: fills `out`. In a child of an
 * SCGI server it also makes the kernel send SIGTERM when lighttpd closes the
 * connection; a CGI program gets SIGTERM from lighttpd. Either signal can be
 * lost, so the handler also calls sf_hangup_happened().
 */
void sf_app_prepare_wait(const struct sf_app *app, struct sf_hangup *out);

/*
 * The main function of every program of the API: serves one request as CGI/1.1
 * says or, with --scgi, all requests that come in over the listening socket,
 * which is standard input or is made at the path after --scgi. Returns the
 * exit status: 2 for bad arguments. --version prints the version.
 */
int sf_app_main(int argc, char **argv, const struct sf_method *methods);

#endif
