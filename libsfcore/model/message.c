/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The texts of the server's messages, and the check of participants' texts.
 * Knows no chat, no store and no JSON.
 */
#include "model/message.h"

#include "base/mem.h"
#include "base/utf8.h"

static const struct {
	const char *name;
	const char *text;
} events[SF_EVENT__MAX] = {
	[SF_EVENT_NONE] = { "", "" },
	/* sf_message_init_system() appends the code and " to Talker". */
	[SF_EVENT_CREATED] = { "created",
		"Welcome to SFChat!\nPlease send code: " },
	[SF_EVENT_JOINED] = { "joined",
		"Talker was successfully joined to chat" },
	[SF_EVENT_READY] = { "ready", "Chat is ready to use" },
	[SF_EVENT_CLOSED_BY_YOU] = { "closed_by_you",
		"Thank you for using SFChat.\n"
		"Current chat was successfully closed." },
	[SF_EVENT_CLOSED_BY_TALKER] = { "closed_by_talker",
		"Thank you for using SFChat.\n"
		"Chat was successfully closed by Talker." },
	[SF_EVENT_CLOSED_AUTOMATICALLY] = { "closed_automatically",
		"Thank you for using SFChat.\n"
		"Current chat was closed automatically." },
	[SF_EVENT_ABSENT] = { "absent",
		"Thank you for using SFChat.\n"
		"Talker has not been here for too long: the chat was closed." },
	[SF_EVENT_WAS_ABSENT] = { "was_absent",
		"Thank you for using SFChat.\n"
		"You have not been here for too long: the chat was closed." },
};

const char *sf_event_name(enum sf_event event)
{
	return events[event].name;
}

enum sf_event sf_event_parse(const char *name)
{
	for (int event = SF_EVENT__MAX - 1; event > SF_EVENT_NONE; event--)
		if (strcmp(events[event].name, name) == 0)
			return (enum sf_event)event;
	return SF_EVENT_NONE;
}

static bool is_control(int32_t point)
{
	return (point < 0x20 && point != '\n' && point != '\t') ||
	       (point >= 0x7f && point <= 0x9f);
}

/* White_Space in Unicode 15.0, without the points that is_control() finds. */
static bool is_space(int32_t point)
{
	return point == ' ' || point == '\n' || point == '\t' ||
	       point == 0xa0 || point == 0x1680 ||
	       (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
	       point == 0x2029 || point == 0x202f || point == 0x205f ||
	       point == 0x3000;
}

static const char *check_text(const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + size;
	bool blank = true;

	for (int count = 0; at < end; count++) {
		int32_t point = sf_utf8_take(&at, end);

		if (point < 0)
			return "valid UTF-8 was expected";
		if (is_control(point))
			return "no control characters but \\n and \\t "
			       "are allowed";
		if (count == SF_MESSAGE_POINTS_MAX)
			return "at most 140 code points are allowed";
		blank = blank && is_space(point);
	}
	return blank ? "more than white space was expected" : NULL;
}

static const char *check_sealed(const char *text, size_t size)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789_-";

	if (size < 1 || size > SF_MESSAGE_SEALED_MAX)
		return "1 to 1024 characters were expected when sealed";
	for (size_t i = 0; i < size; i++)
		if (!memchr(allowed, text[i], sizeof(allowed) - 1))
			return "only A-Z, a-z, 0-9, _ and - are allowed "
			       "when sealed";
	return NULL;
}

const char *sf_message_check(const char *text, size_t size, bool sealed)
{
	return sealed ? check_sealed(text, size) : check_text(text, size);
}

void sf_message_init_system(struct sf_message *out, enum sf_event event,
	const struct sf_token *chat_token, const struct sf_token *receiver)
{
	char code[SF_TOKEN_DIGITS + 1] = "";
	const char *rest = "";
	char text[128];

	*out = (struct sf_message){ .receiver = *receiver, .event = event };
	sf_token_generate(&out->id);
	if (event == SF_EVENT_CREATED) {
		sf_token_format(chat_token, code);
		rest = " to Talker";
	}
	(void)snprintf(
		text, sizeof(text), "%s%s%s", events[event].text, code, rest);
	out->text = sf_strdup(text);
}

void sf_message_release(struct sf_message *message)
{
	free(message->text);
	message->text = NULL;
}

void sf_messages_release(struct sf_messages *messages)
{
	while (messages->count > 0)
		sf_message_release(&messages->items[--messages->count]);
}
