/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chat in a store, as the tests use one: who is in it, what time it is, and
 * what each of the two sees, in one line of text. Only through store.h, so it
 * is the same for every store.
 */
#ifndef TALK_H
#define TALK_H

#include "store/store.h"
#include "support.h"

struct talk {
	struct sf_config config;
	struct sf_store *store;
	struct sf_participant creator;
	struct sf_participant joiner; /* in the chat if it is ready */
	int64_t now_ms;               /* of the next verb */
	int64_t lifetime_ms;
	char seen[32768];
};

/*
 * A test starts with a `struct talk` in *state: a handle of the store that the
 * settings name, and a new chat in it.
 */
#define with_draft(test)                                                       \
	cmocka_unit_test_setup_teardown(test, talk_make_draft, talk_free)
#define with_ready(test)                                                       \
	cmocka_unit_test_setup_teardown(test, talk_make_ready, talk_free)

int talk_make_draft(void **state);
int talk_make_ready(void **state);
int talk_free(void **state);

/* Goes over to a new chat: a draft, now. */
void talk_begin_draft(struct talk *talk);

/* The same, joined, and both have acknowledged what the server told them. */
void talk_begin_ready(struct talk *talk);

/* Lets the store's handle go and takes a new one: none may cross a fork. */
void talk_disconnect(struct talk *talk);
void talk_connect(struct talk *talk);

/*
 * "ready [joined] Hi": the status, then what waits for who, a system message as
 * its event; "-" if there is no such chat, or it has no such participant.
 * Belongs to talk until it is called again.
 */
const char *talk_see(struct talk *talk, const struct sf_participant *who);

/* Everything that either of them sees, ids and polls too; the caller frees. */
char *talk_snapshot(struct talk *talk);

/* A list of one message with a fresh id. `text` must outlive it. */
struct sf_messages talk_message(const char *text);

/* Sends one message with a fresh id. */
enum sf_err talk_say(
	struct talk *talk, const struct sf_participant *from, const char *text);

/* Sends one message whose id the sender chose. */
enum sf_err talk_say_as(struct talk *talk, const struct sf_participant *from,
	const struct sf_token *id, const char *text);

/* Returns the chat as `viewer` sees it; the caller releases it. */
struct sf_chat talk_view(
	struct talk *talk, const struct sf_participant *viewer);

/* Lets user into the chat. */
enum sf_err talk_join(struct talk *talk, const struct sf_token *user);

/* Acknowledges messages by id. */
enum sf_err talk_pull(struct talk *talk, const struct sf_participant *who,
	const struct sf_token *ids, size_t count);

/* Acknowledges all that waits for who. */
enum sf_err talk_acknowledge(
	struct talk *talk, const struct sf_participant *who);

/* Closes in the name of by, in any case. */
enum sf_err talk_end(struct talk *talk, const struct sf_participant *by);

/* Begins a poll with that id. */
enum sf_err talk_poll(struct talk *talk, const struct sf_participant *who,
	const struct sf_token *id);

struct sf_token talk_token(void);

/* Asserts that the chat is removed, and not only hidden. */
void assert_gone(struct talk *talk);

#define assert_ok(call) assert_int_equal(call, SF_OK)

#define assert_sees(talk, who, text)                                           \
	assert_string_equal(talk_see(talk, &(talk)->who), text)

/* Asserts that call returns err and that nothing changed. */
#define assert_refused(talk, call, err)                                        \
	do {                                                                   \
		char *before_ = talk_snapshot(talk);                           \
		char *after_;                                                  \
		assert_int_equal(call, err);                                   \
		after_ = talk_snapshot(talk);                                  \
		assert_string_equal(after_, before_);                          \
		free(before_);                                                 \
		free(after_);                                                  \
	} while (0)

#endif
