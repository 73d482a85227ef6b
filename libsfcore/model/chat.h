/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One chat in memory, and the rules of its life as changes to it (PROTOCOL,
 * "Life of a chat"). Each rule happens whole or not at all. Pure: no clock, no
 * store; a store makes each of them one atomic change.
 */
#ifndef SF_CHAT_H
#define SF_CHAT_H

#include "base/err.h"
#include "model/message.h"

#define SF_CHAT_USERS_MAX 2
#define SF_CHAT_WAITING_MAX 100 /* messages that wait for one person */
#define SF_CHAT_SENT_MAX 100    /* chosen ids that are remembered */
#define SF_CHAT_POLLS_MAX 8
/* A closed chat is forgotten at its lifetime and so much more, at the latest.
 */
#define SF_CHAT_GRACE_MS (3600 * 1000)

enum sf_status {
	SF_STATUS_DRAFT,  /* waits for the joiner */
	SF_STATUS_READY,  /* has both */
	SF_STATUS_CLOSED, /* nothing is sent any more */
	SF_STATUS__MAX
};

/* Who asks: a participant of a chat, as the two tokens claim. */
struct sf_participant {
	struct sf_token chat;
	struct sf_token user;
};

/* A sign of life: the start of a poll, or the join. */
struct sf_poll {
	struct sf_token id;
	struct sf_token user;
	int64_t created_ms; /* since 1970, UTC */
};

/* The ids that somebody chose lately. */
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
	struct sf_sent sent[SF_CHAT_USERS_MAX]; /* by each of users */
	struct sf_message *messages;            /* oldest first */
};

/* The word for a status, as stored and sent. */
const char *sf_status_name(enum sf_status status);

/* SF_ERR_INVALID: no status has that name. */
enum sf_err sf_status_parse(
	const char *name, enum sf_status *out) SF_MUST_CHECK;

/* Fills out with a new draft: fresh tokens, and the message with its code. */
void sf_chat_init(struct sf_chat *out, int64_t now_ms);

/* Appends a message and takes over its text. */
void sf_chat_append(struct sf_chat *chat, const struct sf_message *message);

/* Frees the messages. */
void sf_chat_release(struct sf_chat *chat);

bool sf_chat_has_user(const struct sf_chat *chat, const struct sf_token *user);

/* The one who is not user; NULL while there is nobody else. */
const struct sf_token *sf_chat_other(
	const struct sf_chat *chat, const struct sf_token *user);

bool sf_chat_has_poll(const struct sf_chat *chat, const struct sf_token *id);

/* When user last began a poll or the chat became ready; 0: never. */
int64_t sf_chat_last_sign(
	const struct sf_chat *chat, const struct sf_token *user);

/*
 * Lets user in; who was let in already, by this, stays so. SF_ERR_CONFLICT:
 * somebody else is in, or user made the chat. SF_ERR_NOT_FOUND: it is closed.
 */
enum sf_err sf_chat_join(struct sf_chat *chat, const struct sf_token *user,
	int64_t now_ms) SF_MUST_CHECK;

/*
 * Stores copies of messages for the other. Those whose chosen id is there, or
 * was one of from's last SF_CHAT_SENT_MAX, are passed over. SF_ERR_CLOSED:
 * closed. SF_ERR_CONFLICT: nobody has joined. SF_ERR_TOO_MANY: too many would
 * wait.
 */
enum sf_err sf_chat_push(struct sf_chat *chat, const struct sf_token *from,
	const struct sf_message *messages, size_t count) SF_MUST_CHECK;

/* Which of chat->users user is; the first of them if it is none. */
size_t sf_chat_index(const struct sf_chat *chat, const struct sf_token *user);

/* Removes user's messages of these ids; other ids are passed over. */
void sf_chat_pull(struct sf_chat *chat, const struct sf_token *user,
	const struct sf_token *ids, size_t count);

/* Closes the chat in the name of by; a closed one stays as it is. */
void sf_chat_close(struct sf_chat *chat, const struct sf_token *by);

/* Replaces the polls of the same user by this one. */
void sf_chat_begin_poll(struct sf_chat *chat, const struct sf_poll *poll);

/* Whether the chat's time is up: it is to be closed, or to be forgotten. */
bool sf_chat_is_overdue(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

/*
 * Closes an open chat that is over its lifetime and drops what it holds;
 * returns whether it did.
 */
bool sf_chat_expire(struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

/* Whether nothing of the chat is to be kept. */
bool sf_chat_is_forgotten(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms);

#endif
