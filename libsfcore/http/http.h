/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request and its reply, in the form of CGI/1.1 (RFC 3875). Does not know
 * the API.
 */
#ifndef SF_HTTP_H
#define SF_HTTP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SF_HTTP_BODY_MAX 65536
/* The most bytes of a body that sf_request_drain() drops. */
#define SF_HTTP_DRAIN_MAX 1048576
/* The usual time in which a whole body must arrive. */
#define SF_HTTP_BODY_TIMEOUT_MS 10000

struct sf_request {
	char **variables; /* "NAME=value", RFC 3875, 4.1; ends with NULL */
	char *body;       /* NULL: no body; not NUL-terminated */
	size_t body_size;
	bool is_body_over;   /* the body has ended early, or its time is over */
	int body_timeout_ms; /* the whole body must arrive within this time */
};

/*
 * Fills `out` with a request of those variables, whose body has not been read.
 * Keeps the pointer `variables`, which in a CGI program is `environ`.
 */
void sf_request_init(struct sf_request *out, char **variables);

/* Returns the value of a variable, or "" if it is not set. */
const char *sf_request_variable(
	const struct sf_request *request, const char *name);

/*
 * Reads the JSON body from file descriptor `fd` into `request->body`.
 * SF_ERR_MEDIA_TYPE: not application/json. SF_ERR_TOO_LARGE: over
 * SF_HTTP_BODY_MAX bytes. SF_ERR_INVALID: CONTENT_LENGTH is missing or wrong,
 * or the body ends early or is not whole within `request->body_timeout_ms`.
 */
enum sf_err sf_request_read_body(struct sf_request *request, int fd,
	struct sf_detail *detail) SF_MUST_CHECK;

/*
 * Checks the headers of a body that is not needed, and reads no body. Errors as
 * sf_request_read_body(), if the headers say that there is a body.
 */
enum sf_err sf_request_check_unread_body(const struct sf_request *request,
	struct sf_detail *detail) SF_MUST_CHECK;

/*
 * Finds the first query parameter of exactly that name, and copies its value to
 * `out` without the percent encoding. SF_ERR_NOT_FOUND: there is no such
 * parameter. SF_ERR_INVALID: the value does not fit, or has broken escapes or a
 * NUL.
 */
enum sf_err sf_request_parameter(const struct sf_request *request,
	const char *name, char *out, size_t size) SF_MUST_CHECK;

#define SF_HTTP_DATE_SIZE 40

/* Seconds since 1970 as "Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110, 5.6.7. */
void sf_http_date_format(int64_t seconds, char out[SF_HTTP_DATE_SIZE]);

struct sf_reply {
	int status;
	const char *phrase;
	const char *header; /* one more header line without CR LF, or "" */
	const char *body;   /* JSON */
	bool head_only; /* the head, with the length of `body`, and no body */
};

/*
 * Writes the whole reply to file descriptor `fd` in one go. SF_ERR_UNAVAILABLE:
 * the server did not take all of it.
 */
enum sf_err sf_reply_send(const struct sf_reply *reply, int fd) SF_MUST_CHECK;

/*
 * Call this after the reply, before the process ends. If the program has not
 * read the whole body, ends the reply on `reply_fd` and drops the rest of the
 * body from `body_fd`: at most SF_HTTP_DRAIN_MAX bytes, for at most
 * `request->body_timeout_ms`. Otherwise does nothing. A socket that is closed
 * with unread bytes is reset, and a web server such as Apache then loses the
 * reply or a part of it.
 */
void sf_request_drain(
	const struct sf_request *request, int body_fd, int reply_fd);

#endif
