/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What people do in a chat (PROTOCOL, "Life of a chat"): the store's verb,
 * then the wake-up of whoever is concerned.
 */
#ifndef SF_DESK_H
#define SF_DESK_H

#include "store/store.h"
#include "wake/wake.h"

/* What every deed needs. wake may be NULL: nobody is woken. */
struct sf_desk {
	struct sf_store *store;
	struct sf_wake *wake;
};

/* Milliseconds since 1970, UTC. */
int64_t sf_desk_now(void);

/* Makes a chat; out is its creator. Errors as sf_store_insert(). */
enum sf_err sf_desk_create(
	struct sf_desk *desk, struct sf_participant *out) SF_MUST_CHECK;

/* Enters the chat as joiner. Errors as sf_store_join(). */
enum sf_err sf_desk_join(struct sf_desk *desk,
	const struct sf_participant *joiner) SF_MUST_CHECK;

/* Sends to the other. Errors as sf_store_push(). */
enum sf_err sf_desk_send(struct sf_desk *desk, const struct sf_participant *who,
	const struct sf_message *messages, size_t count) SF_MUST_CHECK;

/* What waits for who; the caller releases out. As sf_store_view(). */
enum sf_err sf_desk_receive(struct sf_desk *desk,
	const struct sf_participant *who, struct sf_chat *out) SF_MUST_CHECK;

/* Removes what who has received. Errors as sf_store_pull(). */
enum sf_err sf_desk_acknowledge(struct sf_desk *desk,
	const struct sf_participant *who, const struct sf_token *ids,
	size_t count) SF_MUST_CHECK;

/*
 * Closes in the name of by, if by has been silent since then (INT64_MAX: in any
 * case). Errors as sf_store_close().
 */
enum sf_err sf_desk_close(struct sf_desk *desk, const struct sf_participant *by,
	int64_t silent_since_ms) SF_MUST_CHECK;

/* Goes on with a sweep of all chats. Errors as sf_store_sweep(). */
enum sf_err sf_desk_sweep(
	struct sf_desk *desk, struct sf_store_sweep *sweep) SF_MUST_CHECK;

#endif
