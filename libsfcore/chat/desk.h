/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actions of participants in a chat (PROTOCOL, "Life of a chat") and the
 * sweep of all chats. Each of them calls a verb of the store, and wakes the
 * polls that may wait for the change.
 */
#ifndef SF_DESK_H
#define SF_DESK_H

#include "store/store.h"
#include "wake/wake.h"

/*
 * The open store and the open wake-ups that an action needs. `wake` may be
 * NULL: nobody is woken.
 */
struct sf_desk {
	struct sf_store *store;
	struct sf_wake *wake;
};

/* The date, as the store counts it: milliseconds since 1970, UTC. */
int64_t sf_desk_now(void);

/* Makes a chat; `out` is its creator. Errors as sf_store_insert(). */
enum sf_err sf_desk_create(
	struct sf_desk *desk, struct sf_participant *out) SF_MUST_CHECK;

/* Lets `joiner` into the chat. Errors as sf_store_join(). */
enum sf_err sf_desk_join(struct sf_desk *desk,
	const struct sf_participant *joiner) SF_MUST_CHECK;

/* Sends to the other participant. Errors as sf_store_push(). */
enum sf_err sf_desk_send(struct sf_desk *desk,
	const struct sf_participant *caller,
	const struct sf_messages *messages) SF_MUST_CHECK;

/*
 * Reads the chat with the messages that wait for `caller`. sf_chat_release()
 * frees what `out` holds. Errors as sf_store_view().
 */
enum sf_err sf_desk_receive(struct sf_desk *desk,
	const struct sf_participant *caller, struct sf_chat *out) SF_MUST_CHECK;

/*
 * How many whole minutes the other participant of a ready chat has been silent;
 * -1: the chat is not ready.
 */
int64_t sf_desk_silence(
	const struct sf_chat *seen, const struct sf_token *user);

/* Removes messages that `caller` has received. Errors as sf_store_pull(). */
enum sf_err sf_desk_acknowledge(struct sf_desk *desk,
	const struct sf_participant *caller,
	const struct sf_ids *ids) SF_MUST_CHECK;

/* Closes the chat on behalf of `closer`. Errors as sf_store_close(). */
enum sf_err sf_desk_close(struct sf_desk *desk,
	const struct sf_participant *closer) SF_MUST_CHECK;

/* Closes the chat if the other is absent. Errors as sf_store_give_up(). */
enum sf_err sf_desk_give_up(struct sf_desk *desk, int64_t now_ms,
	const struct sf_participant *caller, int64_t usual_ms) SF_MUST_CHECK;

/* Carries a sweep of all chats on by one batch. Errors as sf_store_sweep(). */
enum sf_err sf_desk_sweep(
	struct sf_desk *desk, struct sf_sweep *sweep) SF_MUST_CHECK;

#endif
