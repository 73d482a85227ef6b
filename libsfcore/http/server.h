/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server that forks one child per connection. The parent accepts, forks and
 * reaps, and does nothing else, so that no request can hurt it.
 */
#ifndef SF_SERVER_H
#define SF_SERVER_H

#include "base/err.h"

/*
 * The most connections that are served at a time; more wait in the listener's
 * queue.
 */
#define SF_SERVER_CHILDREN_MAX 12000

/*
 * Makes the listening Unix socket `path`, for this user alone, and replaces a
 * dead socket there. `out` is its file descriptor. SF_ERR_UNAVAILABLE: the
 * socket cannot be made; the log says why.
 */
enum sf_err sf_server_listen(const char *path, int *out) SF_MUST_CHECK;

/*
 * Finds the listening socket that this process was started with: the one that
 * systemd passes in LISTEN_FDS (sd_listen_fds(3)), otherwise standard input.
 * `out` is its file descriptor. SF_ERR_INVALID: there is none, or there are
 * several; the log says what was expected.
 */
enum sf_err sf_server_inherit(int *out) SF_MUST_CHECK;

/*
 * Serves the listening socket until SIGTERM or SIGINT, then closes it; requests
 * that are being served go on. `serve` runs in a child per connection, with the
 * connection as standard input and output, and returns the child's exit status.
 * SF_ERR_UNAVAILABLE: the server cannot start; the log says why.
 */
enum sf_err sf_server_run(int listener, int (*serve)(const void *),
	const void *argument) SF_MUST_CHECK;

#endif
