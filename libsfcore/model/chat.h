/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One chat in memory, and the rules that change it (PROTOCOL, "Life of a
 * chat"). Each rule happens whole or not at all. The rules use no clock and no
 * store; a store makes each rule one atomic change.
 */
#ifndef SF_CHAT_H
#define SF_CHAT_H

#include "base/err.h"
#include "model/message.h"

#define SF_CHAT_USERS_MAX 2
#define SF_CHAT_WAITING_MAX 100 /* messages waiting for one user */
#define SF_CHAT_SENT_MAX 100    /* remembered ids of one sender */
#define SF_CHAT_POLLS_MAX 8
/* How long the store keeps a closed chat after its lifetime, at most. */
#define SF_CHAT_GRACE_MS (3600 * 1000)

enum sf_status {
	SF_STATUS_DRAFT,  /* waiting for a second user */
	SF_STATUS_READY,  /* both users are in */
	SF_STATUS_CLOSED, /* accepts no more messages */
	SF_STATUS__MAX
};

/* A participant of a chat: the two tokens of a request. */
struct sf_participant {
	struct sf_token chat;
	struct sf_token user;
};

/*
 * A sign of life: the start of a poll, or a join. A participant who joins
 * without an earlier poll gets an `id` that names no poll.
 */
struct sf_poll {
	struct sf_token id;
	struct sf_token user;
	int64_t created_ms; /* since 1970, UTC */
	int64_t until_ms;   /* the user may be silent until then; 0: unsaid */
};

/* How long users may be silent, in milliseconds. */
struct sf_patience {
	int64_t away_ms;  /* the user of this poll, from now on */
	int64_t usual_ms; /* a user who has not said it */
	/* A user who was silent for longer before this poll was cut off. */
	int64_t gap_ms;
};

/* The last ids that one sender chose for messages. */
struct sf_sent {
	struct sf_token ids[SF_CHAT_SENT_MAX]; /* oldest first */
	size_t count;
};

struct sf_chat {
	struct sf_token id; /* the chat token */
	enum sf_status status;
	int64_t created_ms; /* since 1970, UTC */
	size_t user_count;
	size_t poll_count;
	size_t message_count;
	struct sf_token users[SF_CHAT_USERS_MAX]; /* creator first */
	struct sf_poll polls[SF_CHAT_POLLS_MAX];
	struct sf_sent sent[SF_CHAT_USERS_MAX]; /* in the order of users */
	struct sf_message *messages;            /* oldest first */
};

/* The word for a status, as stored and sent. */
const char *sf_status_name(enum sf_status status);

/* SF_ERR_INVALID: no status has that name. */
enum sf_err sf_status_parse(
	const char *name, enum sf_status *out) SF_MUST_CHECK;

/*
 * Fills `out` with a new draft, which has new tokens and the message that tells
 * its creator the code.
 */
void sf_chat_init(struct sf_chat *out, int64_t now_ms);

/* Appends a message and takes ownership of its text. */
void sf_chat_append(struct sf_chat *chat, const struct sf_message *message);

/* Frees the messages. */
void sf_chat_release(struct sf_chat *chat);

bool sf_chat_has_user(const struct sf_chat *chat, const struct sf_token *user);

/* The participant who is not `user`; while there is none, `user`. */
struct sf_token sf_chat_other(
	const struct sf_chat *chat, const struct sf_token *user);

bool sf_chat_has_poll(const struct sf_chat *chat, const struct sf_token *id);

/*
 * When `user` last began a poll or the chat became ready, whichever is later;
 * 0: never.
 */
int64_t sf_chat_last_sign(
	const struct sf_chat *chat, const struct sf_token *user);

/*
 * Returns whether `user` has shown a sign of life since that time, and may be
 * silent for `away_ms` from that sign on.
 */
bool sf_chat_has_sign(const struct sf_chat *chat, const struct sf_token *user,
	int64_t since_ms, int64_t away_ms);

/*
 * Returns whether the chat is ready and `user` has been silent for too long. A
 * sign of life with a future date counts as one of now.
 */
bool sf_chat_is_absent(const struct sf_chat *chat, const struct sf_token *user,
	int64_t now_ms, int64_t usual_ms);

/*
 * Lets `user` in; a repeated join changes nothing. SF_ERR_CONFLICT: somebody
 * else has joined, or `user` made the chat. SF_ERR_NOT_FOUND: the chat is
 * closed.
 */
enum sf_err sf_chat_join(struct sf_chat *chat, const struct sf_token *user,
	int64_t now_ms) SF_MUST_CHECK;

/*
 * Stores copies of messages for the other participant. Skips a message whose
 * chosen id belongs to a waiting message or is among the last SF_CHAT_SENT_MAX
 * ids that `sender` chose. SF_ERR_CLOSED: the chat is closed. SF_ERR_CONFLICT:
 * nobody has joined. SF_ERR_TOO_MANY: more than SF_CHAT_WAITING_MAX messages
 * would wait.
 */
enum sf_err sf_chat_push(struct sf_chat *chat, const struct sf_token *sender,
	const struct sf_messages *messages) SF_MUST_CHECK;

/* The index of `user` in `chat->users`; 0 if `user` is not there. */
size_t sf_chat_index(const struct sf_chat *chat, const struct sf_token *user);

/* Drops the messages that are not addressed to `user`. */
void sf_chat_narrow(struct sf_chat *chat, const struct sf_token *user);

/* Removes the messages to `user` that have these ids; skips unknown ids. */
void sf_chat_pull(struct sf_chat *chat, const struct sf_token *user,
	const struct sf_ids *ids);

/* Closes the chat on behalf of `closer`; a closed chat stays as it is. */
void sf_chat_close(struct sf_chat *chat, const struct sf_token *closer);

/* Closes a chat in which `user` is absent, and tells both why. */
void sf_chat_give_up(struct sf_chat *chat, const struct sf_token *user);

/*
 * Adds `poll`, which replaces the other polls of its user and begins that
 * user's patience. If the user was cut off before, the other one, who may have
 * been cut off too, may be silent for the usual time from now on.
 */
void sf_chat_begin_poll(struct sf_chat *chat, const struct sf_poll *poll,
	const struct sf_patience *patience);

/*
 * Closes an open chat whose lifetime is over: drops its messages and adds the
 * last system messages. Returns whether it has closed the chat.
 */
bool sf_chat_expire(struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

/*
 * Returns whether a store may remove the chat: it is past its grace, or closed
 * and without messages.
 */
bool sf_chat_is_removable(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

/* Returns whether the chat must be closed or removed. */
bool sf_chat_is_due(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

#endif
