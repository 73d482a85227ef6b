/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Started once, forked per connection: the parent accepts, forks and reaps, and
 * does nothing else, so that no request can hurt it.
 */
#ifndef SF_SERVER_H
#define SF_SERVER_H

#include "base/err.h"

/* Connections served at the same time; further ones wait to be accepted. */
#define SF_SERVER_CHILDREN_MAX 12000

/*
 * Makes the listening Unix socket path, for this user alone, in the place of
 * one that nobody listens on. SF_ERR_UNAVAILABLE: it cannot be; the log says
 * why. out is its file descriptor.
 */
enum sf_err sf_server_listen(const char *path, int *out) SF_MUST_CHECK;

/*
 * Serves the listening socket until SIGTERM or SIGINT, and closes it then; only
 * requests in hand go on. serve runs in a child of its own, with the connection
 * as standard input and output, and returns the child's exit status.
 */
enum sf_err sf_server_run(int listener, int (*serve)(const void *),
	const void *argument) SF_MUST_CHECK;

#endif
