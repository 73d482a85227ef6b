/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The store keeps the chats. Its interface is a short list of verbs. Each verb
 * that changes a chat carries out one rule of model/chat.h as one atomic
 * change: either the whole change happens, or the verb returns the reason and
 * changes nothing, except that it may have closed or removed a chat whose
 * lifetime is over. A program links one folder of store/.
 *
 * Every verb but insert, probe and survey takes the time, in milliseconds since
 * 1970, and enforces a chat's lifetime itself: the first verb that meets a chat
 * whose lifetime is over closes it, and a chat past its grace is treated as
 * removed.
 *
 * Every verb may also return SF_ERR_UNAVAILABLE (the store cannot be reached,
 * or is full). Every verb but insert, sweep and survey may return
 * SF_ERR_INTERNAL (the stored document is not a chat; the log says so). A verb
 * with a `caller`, `sender` or `closer` returns SF_ERR_UNAUTHORIZED if the chat
 * does not exist or does not have that participant.
 */
#ifndef SF_STORE_H
#define SF_STORE_H

#include "base/config.h"
#include "model/survey.h"

struct sf_store;

/*
 * Checks that the linked store can use SFCHAT_STORE, and starts the driver that
 * all handles of a process share. A process calls this before
 * sf_store_open(), and before it forks. SF_ERR_INVALID: the store cannot use
 * the setting; `detail` names the variable and what was expected.
 */
enum sf_err sf_store_check(
	const struct sf_config *config, struct sf_detail *detail) SF_MUST_CHECK;

/*
 * Opens the store without reading it. LMDB: makes the folder if it is missing.
 * sf_store_free() frees the handle. SF_ERR_UNAVAILABLE: the folder cannot be
 * made or used; the log says why.
 */
enum sf_err sf_store_open(
	const struct sf_config *config, struct sf_store **out) SF_MUST_CHECK;

/*
 * The same, for a program that looks and for a background job: makes nothing.
 * LMDB: the folder must belong to this user alone. SF_ERR_NOT_FOUND: there is
 * no store yet.
 */
enum sf_err sf_store_find(
	const struct sf_config *config, struct sf_store **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_store_free(struct sf_store *store);

/*
 * Replaces sf_store_free() in a process that is about to end: tells a remote
 * server about it, and leaves the memory to the kernel. NULL is accepted.
 */
void sf_store_leave(struct sf_store *store);

/*
 * Gives back costly resources before a long wait. The next verb takes them
 * again.
 */
void sf_store_rest(struct sf_store *store);

/*
 * Makes what a store needs before its first chat: with LMDB its file, with
 * MongoDB the indexes that find old chats quickly. An operator runs this for a
 * new site and after a change of the lifetime; a request never does.
 */
enum sf_err sf_store_prepare(struct sf_store *store) SF_MUST_CHECK;

/*
 * Reads and writes the store without changing a chat. A store that is too full
 * for a new chat counts as one that cannot be written.
 */
enum sf_err sf_store_probe(struct sf_store *store) SF_MUST_CHECK;

/* Stores a new chat. SF_ERR_CONFLICT: there is one with this token. */
enum sf_err sf_store_insert(
	struct sf_store *store, const struct sf_chat *chat) SF_MUST_CHECK;

/*
 * Reads the chat as `caller` may see it: with the messages addressed to
 * `caller` only. sf_chat_release() frees what `out` holds; after an error there
 * is nothing to release.
 */
enum sf_err sf_store_view(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, struct sf_chat *out) SF_MUST_CHECK;

/*
 * Lets `joiner->user` into `joiner->chat`; a repeated join succeeds too.
 * `creator` gets the token of the user who made the chat. SF_ERR_NOT_FOUND:
 * there is no such chat, or it is closed. SF_ERR_CONFLICT as sf_chat_join().
 */
enum sf_err sf_store_join(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *joiner,
	struct sf_token *creator) SF_MUST_CHECK;

/*
 * Stores messages from `sender` for the other participant. `receiver` gets the
 * token of that participant. SF_ERR_CLOSED, SF_ERR_CONFLICT and SF_ERR_TOO_MANY
 * as sf_chat_push().
 */
enum sf_err sf_store_push(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *sender, const struct sf_messages *messages,
	struct sf_token *receiver) SF_MUST_CHECK;

/*
 * Removes the messages that have these ids and are addressed to `caller`. A
 * closed chat is removed with its last message.
 */
enum sf_err sf_store_pull(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller,
	const struct sf_ids *ids) SF_MUST_CHECK;

/*
 * Closes the chat on behalf of `closer`. A closed chat stays as it is. `other`
 * gets the token of the other participant, or `closer->user` if there is no
 * other.
 */
enum sf_err sf_store_close(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *closer,
	struct sf_token *other) SF_MUST_CHECK;

/*
 * Closes the chat if the other participant, whose token `other` gets, is absent
 * (sf_chat_is_absent()). SF_ERR_CONFLICT: the other one is not.
 */
enum sf_err sf_store_give_up(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, int64_t usual_ms,
	struct sf_token *other) SF_MUST_CHECK;

/* Registers `poll` as sf_chat_begin_poll(). */
enum sf_err sf_store_begin_poll(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, const struct sf_token *poll,
	const struct sf_patience *patience) SF_MUST_CHECK;

/* One call of sf_store_sweep() changes at most this many chats. */
#define SF_STORE_SWEEP_MAX 128

/* How far a sweep has come. A new sweep is all zero. */
struct sf_sweep {
	/* Only the store reads these. LMDB: the last chat that was scanned. */
	struct sf_token last;
	/* MongoDB: the query, and the number of its results to skip. */
	size_t part;
	int64_t passed;
	bool done;      /* no due chats are left */
	int64_t closed; /* chats so far */
	int64_t removed;
	int64_t unreadable; /* not a chat; left as they are */
	/* After a batch, the caller must wake the polls of these users. */
	size_t to_wake_count;
	struct sf_token to_wake[SF_STORE_SWEEP_MAX * SF_CHAT_USERS_MAX];
};

/*
 * Continues a sweep by one batch: closes each chat whose lifetime is over, as
 * sf_chat_expire() does, and removes each chat for which sf_chat_is_removable()
 * is true. A batch is short, so that requests are served between batches. Each
 * change first checks that the chat is still due. After an error the caller may
 * repeat the call.
 */
enum sf_err sf_store_sweep(struct sf_store *store, int64_t now_ms,
	struct sf_sweep *sweep) SF_MUST_CHECK;

/*
 * Continues a survey by one batch of chats, which is as short as one of a
 * sweep, and changes nothing. `since_ms` as in sf_survey_add(). After an error
 * the caller may repeat the call.
 */
enum sf_err sf_store_survey(struct sf_store *store, int64_t since_ms,
	struct sf_survey *survey) SF_MUST_CHECK;

#endif
