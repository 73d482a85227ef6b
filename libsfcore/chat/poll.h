/* SPDX-License-Identifier: BSD-3-Clause */
/* The long poll: waiting until there is something to return. */
#ifndef SF_POLL_H
#define SF_POLL_H

#include "chat/desk.h"
#include "http/hangup.h"

/*
 * Waits as PROTOCOL, "Long polling", says: until there is a message for
 * `caller`, the chat is closed, a newer poll of `caller` replaces this one, the
 * time is up, or a look finds that the client has hung up. `out` is the chat as
 * `caller` sees it then, without messages if the poll was replaced;
 * sf_chat_release() frees what it holds. Errors as sf_store_begin_poll().
 */
enum sf_err sf_poll_run(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller, const struct sf_hangup *hangup,
	struct sf_chat *out) SF_MUST_CHECK;

#endif
