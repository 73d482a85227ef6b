/* SPDX-License-Identifier: BSD-3-Clause */
/* The long poll: waiting until there is something to return. */
#ifndef SF_POLL_H
#define SF_POLL_H

#include "chat/desk.h"
#include "http/hangup.h"

/* What a poll asks for. Values out of bounds are cut to the bounds. */
struct sf_poll_request {
	int64_t wait_ms; /* how long it may be held; 0: it only looks */
	int64_t away_ms; /* how long its user may be silent afterwards */
	const struct sf_hangup *hangup;
};

/*
 * Waits as PROTOCOL, "Long polling", says: until there is a message for
 * `caller`, the chat is closed, a newer poll of `caller` replaces this one, the
 * time is up, or a look finds that the client has hung up. `out` is the chat as
 * `caller` sees it then, without messages if the poll was replaced;
 * sf_chat_release() frees what it holds. Errors as sf_store_begin_poll().
 */
enum sf_err sf_poll_run(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller,
	const struct sf_poll_request *request,
	struct sf_chat *out) SF_MUST_CHECK;

/*
 * The same for a request that does not wait: reads the chat and registers the
 * sign of life, unless `caller` has just shown one and asked for the same
 * patience. Errors as sf_poll_run().
 */
enum sf_err sf_poll_look(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller,
	const struct sf_poll_request *request,
	struct sf_chat *out) SF_MUST_CHECK;

#endif
