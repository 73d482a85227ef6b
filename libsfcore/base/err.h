/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The errors, in the product's own terms. Most functions that can fail for a
 * reason outside of the program return one of them. app.c alone decides which
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
	SF_ERR_NOT_FOUND,    /* the thing never existed, or is gone */
	SF_ERR_CONFLICT,     /* the change does not fit the present state */
	SF_ERR_TOO_LARGE,    /* body over SF_HTTP_BODY_MAX */
	SF_ERR_MEDIA_TYPE,   /* body is not application/json */
	SF_ERR_TOO_MANY,     /* a limit on count or rate is reached */
	SF_ERR_INTERNAL,     /* unexpected: the log says what */
	SF_ERR_METHOD,       /* the resource has no such method */
	SF_ERR_UNAVAILABLE,  /* store, Redis or system fails: try again later */
	SF_ERR__MAX
};

#define SF_MUST_CHECK __attribute__((warn_unused_result))

/* One line of text: the reason for a refusal, or what a job did. */
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
