/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The errors, in the product's own terms. Every function that can fail for a
 * reason outside of the program returns one of them. app.c alone decides which
 * HTTP status an error becomes.
 */
#ifndef SF_ERR_H
#define SF_ERR_H

#include "base/banned.h"

enum sf_err {
	SF_OK,
	SF_ERR_INVALID,      /* the input breaks the protocol */
	SF_ERR_UNAUTHORIZED, /* tokens missing, malformed or unknown */
	SF_ERR_CLOSED,       /* the chat is closed */
	SF_ERR_NOT_FOUND,    /* it never existed, or exists no longer */
	SF_ERR_CONFLICT,     /* the chat is not in the state this needs */
	SF_ERR_TOO_LARGE,    /* body over SF_HTTP_BODY_MAX */
	SF_ERR_MEDIA_TYPE,   /* body is not application/json */
	SF_ERR_TOO_MANY,     /* a limit on count or rate is reached */
	SF_ERR_INTERNAL,     /* unexpected: the log says what */
	SF_ERR_METHOD,       /* the resource has no such method */
	SF_ERR_UNAVAILABLE,  /* store unreachable or full: try again later */
	SF_ERR__MAX
};

#define SF_MUST_CHECK __attribute__((warn_unused_result))

/* The reason for a refusal, as the client reads it. It names the field. */
struct sf_detail {
	char text[160];
};

/*
 * Fills `detail` like printf(3) and returns `err`, so that a refusal is one
 * line of code.
 */
enum sf_err sf_detail_set(struct sf_detail *detail, enum sf_err err,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
