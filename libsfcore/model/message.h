/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One message of a chat, from a participant or the server to one participant,
 * and the rules for its text (PROTOCOL, "POST messages.json").
 */
#ifndef SF_MESSAGE_H
#define SF_MESSAGE_H

#include "base/token.h"

#include <stdbool.h>

#define SF_MESSAGE_POINTS_MAX 140  /* code points of a text */
#define SF_MESSAGE_SEALED_MAX 1024 /* characters of a sealed message */
#define SF_MESSAGES_MAX 32         /* messages of one POST */
#define SF_IDS_MAX 100             /* ids of one DELETE */

/*
 * The event that a system message reports. A page uses the event to find the
 * translated text.
 */
enum sf_event {
	SF_EVENT_NONE, /* a participant's own message */
	SF_EVENT_CREATED,
	SF_EVENT_JOINED,
	SF_EVENT_READY,
	SF_EVENT_CLOSED_BY_YOU,
	SF_EVENT_CLOSED_BY_TALKER,
	SF_EVENT_CLOSED_AUTOMATICALLY,
	SF_EVENT_ABSENT,
	SF_EVENT_WAS_ABSENT,
	SF_EVENT__MAX
};

struct sf_message {
	struct sf_token id;
	struct sf_token receiver;
	enum sf_event event;
	bool sealed;
	bool chosen_id; /* the sender chose the id, and may send it again */
	char *text;     /* UTF-8, NUL-terminated */
};

/* The messages of one POST. */
struct sf_messages {
	struct sf_message items[SF_MESSAGES_MAX];
	size_t count;
};

/* The ids of one DELETE. */
struct sf_ids {
	struct sf_token items[SF_IDS_MAX];
	size_t count;
};

/* The word for an event, as stored and sent; "" for SF_EVENT_NONE. */
const char *sf_event_name(enum sf_event event);

/* The event of that name; SF_EVENT_NONE if there is none. */
enum sf_event sf_event_parse(const char *name);

/*
 * Returns NULL if the message may be sent; otherwise the reason, a phrase that
 * completes "msg: …". A NUL among the `size` bytes of `text` counts as a
 * control character.
 */
const char *sf_message_check(const char *text, size_t size, bool sealed);

/*
 * Fills `out` with a system message for `receiver`. The text of
 * SF_EVENT_CREATED contains the code, `chat_token`.
 */
void sf_message_init_system(struct sf_message *out, enum sf_event event,
	const struct sf_token *chat_token, const struct sf_token *receiver);

void sf_message_release(struct sf_message *message);

void sf_messages_release(struct sf_messages *messages);

#endif
