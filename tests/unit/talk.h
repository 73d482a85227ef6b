/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chat in a store, for tests: its participants, its time, and what each
 * participant sees, as one line of text. Uses nothing but store.h, so it works
 * with every store.
 */
#ifndef TALK_H
#define TALK_H

#include "store/store.h"
#include "support.h"

struct talk {
	struct sf_config config;
	struct sf_store *store;
	struct sf_participant creator;
	struct sf_participant joiner; /* has joined if the chat is ready */
	int64_t now_ms;               /* the time at which the next verb runs */
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

/* Makes a new draft, and makes `talk` stand for it. */
void talk_begin_draft(struct talk *talk);

/* Makes a new chat that the joiner has joined; no message waits. */
void talk_begin_ready(struct talk *talk);

/* Frees the handle of the store, and opens a new one: none may cross a fork. */
void talk_disconnect(struct talk *talk);
void talk_connect(struct talk *talk);

/*
 * Returns the status and the messages that wait for the participant, as in
 * "ready [joined] Hi"; the event stands for a system message. Returns "-" if
 * there is no such chat or participant. The text lasts until the next call.
 */
const char *talk_see(
	struct talk *talk, const struct sf_participant *participant);

/* Returns all that both see, with ids and polls; the caller frees the text. */
char *talk_snapshot(struct talk *talk);

/* Returns a list of one message with a fresh id; `text` must outlive it. */
struct sf_messages talk_message(const char *text);

/* Sends one message with a fresh id. */
enum sf_err talk_say(struct talk *talk, const struct sf_participant *sender,
	const char *text);

/* Sends one message whose id the sender chose. */
enum sf_err talk_say_as(struct talk *talk, const struct sf_participant *sender,
	const struct sf_token *id, const char *text);

/* Returns the chat as the participant sees it; the caller releases it. */
struct sf_chat talk_view(
	struct talk *talk, const struct sf_participant *participant);

/* Lets `user` join the chat. */
enum sf_err talk_join(struct talk *talk, const struct sf_token *user);

/* Acknowledges messages by id. */
enum sf_err talk_pull(struct talk *talk,
	const struct sf_participant *participant, const struct sf_token *ids,
	size_t count);

/* Acknowledges all messages that wait for the participant. */
enum sf_err talk_acknowledge(
	struct talk *talk, const struct sf_participant *participant);

/*
 * The patience of talk_poll(): 20 s asked for, 10 s usual. A user who was
 * silent for more than 6 s was cut off.
 */
extern const struct sf_patience talk_patience;

/* Closes the chat if the other participant is absent. */
enum sf_err talk_give_up(
	struct talk *talk, const struct sf_participant *caller);

/* Closes the chat on behalf of `closer`. */
enum sf_err talk_end(struct talk *talk, const struct sf_participant *closer);

/* Begins a poll with this id. */
enum sf_err talk_poll(struct talk *talk,
	const struct sf_participant *participant, const struct sf_token *id);

/* Returns a new token. */
struct sf_token talk_token(void);

/* Asserts that the store has removed the chat, and does not only hide it. */
void assert_gone(struct talk *talk);

#define assert_ok(call) assert_int_equal(call, SF_OK)

#define assert_sees(talk, participant, text)                                   \
	assert_string_equal(talk_see(talk, &(talk)->participant), text)

/* Asserts that `call` returns `err` and changes nothing. */
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
