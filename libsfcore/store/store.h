/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where chats are kept: a short list of verbs, each one rule of a chat's life
 * as one atomic change (model/chat.h has the rules). A verb happened whole, or
 * returns why not and changed nothing. One of store_*.c is linked.
 *
 * Every verb takes the time, in milliseconds since 1970, and keeps a chat's
 * lifetime by itself: one that is over it is closed by the first verb that
 * meets it, and one that is past its grace is no longer there.
 *
 * What a verb may return beside what it says: SF_ERR_UNAVAILABLE, the store
 * cannot be reached or is full; SF_ERR_INTERNAL, what is stored makes no sense.
 * A verb with a participant returns SF_ERR_UNAUTHORIZED when there is no such
 * chat or it has no such participant.
 */
#ifndef SF_STORE_H
#define SF_STORE_H

#include "base/config.h"
#include "model/chat.h"

struct sf_store;

/*
 * Readies what all handles of a process have in common. A process that forks
 * calls it before, so that its children need not; the others never need to.
 */
void sf_store_init(void);

/*
 * Whether the linked store can use the setting: to be asked before the others.
 * SF_ERR_INVALID: it cannot; detail names the variable and what was expected.
 */
enum sf_err sf_store_check(
	const struct sf_config *config, struct sf_detail *detail) SF_MUST_CHECK;

/* Makes the store if it is missing. sf_store_free() frees the handle. */
enum sf_err sf_store_open(
	const struct sf_config *config, struct sf_store **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_store_free(struct sf_store *store);

/*
 * Instead of sf_store_free(), where the process is about to end: tells who has
 * to know, and leaves the rest to the system. NULL is accepted.
 */
void sf_store_leave(struct sf_store *store);

/* Before a long wait: gives back what is dear to hold. The next verb works. */
void sf_store_rest(struct sf_store *store);

/*
 * For a new site, and after a change of the lifetime: makes what finds old
 * chats quickly. Not for every request.
 */
enum sf_err sf_store_prepare(struct sf_store *store) SF_MUST_CHECK;

/* Stores a new chat. SF_ERR_CONFLICT: there is one with this token. */
enum sf_err sf_store_insert(
	struct sf_store *store, const struct sf_chat *chat) SF_MUST_CHECK;

/*
 * What who may see: the chat with the messages for who alone. The caller
 * releases out; after an error there is nothing to release.
 */
enum sf_err sf_store_view(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *who, struct sf_chat *out) SF_MUST_CHECK;

/*
 * Lets joiner->user into joiner->chat, once or again; creator is who is there
 * already. SF_ERR_NOT_FOUND: no such chat, or closed. SF_ERR_CONFLICT: somebody
 * else was let in.
 */
enum sf_err sf_store_join(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *joiner,
	struct sf_token *creator) SF_MUST_CHECK;

struct sf_store_push {
	const struct sf_message *messages;
	size_t count;
};

/*
 * Stores messages for the other, who is returned in to. SF_ERR_CLOSED,
 * SF_ERR_CONFLICT, SF_ERR_TOO_MANY as sf_chat_push().
 */
enum sf_err sf_store_push(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *from, const struct sf_store_push *push,
	struct sf_token *to) SF_MUST_CHECK;

struct sf_store_pull {
	const struct sf_token *ids;
	size_t count;
};

/* Removes who's messages; the last one of a closed chat removes the chat. */
enum sf_err sf_store_pull(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *who,
	const struct sf_store_pull *pull) SF_MUST_CHECK;

/*
 * Closes the chat in the name of by, but only if by has shown no sign of life
 * after silent_since_ms (INT64_MAX: in any case). SF_ERR_CONFLICT: it has. A
 * closed chat stays as it is. other: who is there beside by, or by->user.
 */
enum sf_err sf_store_close(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *by, int64_t silent_since_ms,
	struct sf_token *other) SF_MUST_CHECK;

/* Registers poll in the place of who's others. */
enum sf_err sf_store_begin_poll(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *who,
	const struct sf_token *poll) SF_MUST_CHECK;

/* Chats that one call of sf_store_sweep() changes at most. */
#define SF_STORE_SWEEP_MAX 128

/* How far a sweep has come; it starts with all zero. */
struct sf_store_sweep {
	/* Where the store goes on, in its own way. */
	struct sf_token last;
	size_t part;
	int64_t passed;
	bool done;      /* there are no more */
	int64_t closed; /* chats so far */
	int64_t removed;
	int64_t unreadable; /* that make no sense: they stay as they are */
	/* Participants that the last call closed a chat of. */
	size_t told_count;
	struct sf_token told[SF_STORE_SWEEP_MAX * SF_CHAT_USERS_MAX];
};

/*
 * Goes on with a sweep by one batch: closes each chat that is over its
 * lifetime, as sf_chat_expire(), and removes each that
 * sf_chat_is_forgotten(). A batch is short, so that people's requests get
 * in between; each change checks again what it is for. After an error the same
 * call may be made again.
 */
enum sf_err sf_store_sweep(struct sf_store *store, int64_t now_ms,
	struct sf_store_sweep *sweep) SF_MUST_CHECK;

#endif
