/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules for a text, and the system messages. */
#include "model/message.h"
#include "support.h"

#define SIZE(text) (sizeof(text) - 1)
/* The members of a struct sample. */
#define REFUSED(text, why) text, SIZE(text), why
#define ACCEPTED(text) REFUSED(text, NULL)

struct sample {
	const char *text;
	size_t size;
	const char *why; /* part of the refusal; NULL: the text is accepted */
};

static void assert_samples(
	const struct sample *samples, size_t count, bool sealed)
{
	for (size_t i = 0; i < count; i++) {
		const char *why = sf_message_check(
			samples[i].text, samples[i].size, sealed);

		if (!samples[i].why && why)
			fail_msg("sample %zu: %s", i, why);
		if (samples[i].why && (!why || !strstr(why, samples[i].why)))
			fail_msg("sample %zu is accepted: %s", i,
				samples[i].why);
	}
}

static void a_text_that_is_not_utf8_is_refused(void **state)
{
	static const char why[] = "UTF-8";
	static const struct sample samples[] = {
		{ ACCEPTED("Hi, how are you?") },
		{ ACCEPTED("\x7e") },
		{ ACCEPTED("\xc3\xb6") },         /* ö */
		{ ACCEPTED("\xdf\xbf") },         /* U+07FF */
		{ ACCEPTED("\xe0\xa0\x80") },     /* U+0800 */
		{ ACCEPTED("\xed\x9f\xbf") },     /* U+D7FF */
		{ ACCEPTED("\xee\x80\x80") },     /* U+E000 */
		{ ACCEPTED("\xef\xbf\xbf") },     /* U+FFFF */
		{ ACCEPTED("\xf0\x90\x80\x80") }, /* U+10000 */
		{ ACCEPTED("\xf0\x9f\x98\x80") }, /* a face */
		{ ACCEPTED("\xf4\x8f\xbf\xbf") }, /* U+10FFFF */
		{ REFUSED("\x80", why) },         /* nothing before it */
		{ REFUSED("\xbf", why) },
		{ REFUSED("a\x80", why) },
		{ REFUSED("\xc0\x80", why) }, /* overlong */
		{ REFUSED("\xc1\xbf", why) },
		{ REFUSED("\xe0\x80\x80", why) },
		{ REFUSED("\xe0\x9f\xbf", why) },
		{ REFUSED("\xf0\x80\x80\x80", why) },
		{ REFUSED("\xf0\x8f\xbf\xbf", why) },
		{ REFUSED("\xed\xa0\x80", why) }, /* surrogates */
		{ REFUSED("\xed\xbf\xbf", why) },
		{ REFUSED("\xf4\x90\x80\x80", why) }, /* U+110000 */
		{ REFUSED("\xf5\x80\x80\x80", why) },
		{ REFUSED("\xf8\x88\x80\x80\x80", why) },
		{ REFUSED("\xfe", why) },
		{ REFUSED("\xff", why) },
		{ REFUSED("\xc3", why) }, /* cut off */
		{ REFUSED("\xe2\x82", why) },
		{ REFUSED("\xf0\x9f\x98", why) },
		{ REFUSED("\xc3(", why) },
		{ REFUSED("\xe2(\xa1", why) },
		{ REFUSED("\xe2\x82(", why) },
		{ REFUSED("\xf0(\x8c\xbc", why) },
		{ REFUSED("\xf0\x90(\xbc", why) },
		{ REFUSED("\xf0\x90\x8c(", why) },
	};

	(void)state;
	assert_samples(samples, sizeof(samples) / sizeof(*samples), false);
}

/* The byte behind the text would complete its last code point. */
static void bytes_behind_the_text_are_not_read(void **state)
{
	(void)state;
	assert_non_null(sf_message_check("\xc3\xb6", 1, false));
	assert_non_null(sf_message_check("\xf0\x9f\x98\x80", 3, false));
	assert_null(sf_message_check("a\xff", 1, false));
}

static void a_text_with_a_control_character_is_refused(void **state)
{
	static const char why[] = "control";
	static const struct sample samples[] = {
		{ ACCEPTED("a\nb\tc") },
		{ ACCEPTED(
			"\xc2\xa0z") }, /* the first behind the C1 controls */
		{ REFUSED("a\0b", why) },
		{ REFUSED("\0", why) },
		{ REFUSED("a\x01", why) },
		{ REFUSED("a\x08", why) },
		{ REFUSED("a\x0b", why) },
		{ REFUSED("a\r\n", why) },
		{ REFUSED("\x1b[31m", why) },
		{ REFUSED("a\x1f", why) },
		{ REFUSED("a\x7f", why) },
		{ REFUSED("a\xc2\x80", why) },
		{ REFUSED("a\xc2\x9f", why) },
	};

	(void)state;
	assert_samples(samples, sizeof(samples) / sizeof(*samples), false);
}

static void a_text_of_white_space_alone_is_refused(void **state)
{
	static const char why[] = "white space";
	static const struct sample samples[] = {
		{ REFUSED("", why) }, { REFUSED(" ", why) },
		{ REFUSED(" \n\t ", why) }, { REFUSED("\xc2\xa0", why) },
		{ REFUSED("\xe1\x9a\x80", why) },
		{ REFUSED("\xe2\x80\x80\xe2\x80\x8a", why) },
		{ REFUSED("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf", why) },
		{ REFUSED("\xe2\x81\x9f\xe3\x80\x80", why) },
		{ ACCEPTED(" a ") }, { ACCEPTED("\n.") },
		{ ACCEPTED("\xe2\x80\x8b") }, /* U+200B is no white space */
	};

	(void)state;
	assert_samples(samples, sizeof(samples) / sizeof(*samples), false);
}

/* Fills `out` with `count` copies of `character`; returns the size. */
static size_t repeat_character(char *out, const char *character, size_t count)
{
	size_t size = strlen(character);

	for (size_t i = 0; i < count; i++)
		memcpy(out + i * size, character, size);
	return count * size;
}

static void a_text_of_over_140_code_points_is_refused(void **state)
{
	char text[4 * (SF_MESSAGE_POINTS_MAX + 1)];
	static const char *const characters[] = { "a", "\xc3\xb6",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t size = repeat_character(text, characters[i], 140);

		assert_null(sf_message_check(text, size, false));
		size = repeat_character(text, characters[i], 141);
		assert_non_null(
			strstr(sf_message_check(text, size, false), "140"));
	}
}

static void a_sealed_text_must_be_base64url(void **state)
{
	static const char why[] = "when sealed";
	static const struct sample samples[] = {
		{ ACCEPTED("A") },
		{ ACCEPTED("AZaz09_-") },
		{ REFUSED("", why) },
		{ REFUSED("A=", why) },
		{ REFUSED("A+", why) },
		{ REFUSED("A/", why) },
		{ REFUSED("A B", why) },
		{ REFUSED("A\n", why) },
		{ REFUSED("A\0", why) },
		{ REFUSED("\xc3\xb6", why) },
		{ REFUSED("@", why) },
		{ REFUSED("[", why) },
		{ REFUSED("`", why) },
		{ REFUSED("{", why) },
		{ REFUSED(":", why) },
	};
	char text[SF_MESSAGE_SEALED_MAX + 1];

	(void)state;
	assert_samples(samples, sizeof(samples) / sizeof(*samples), true);
	(void)repeat_character(text, "A", sizeof(text));
	assert_null(sf_message_check(text, SF_MESSAGE_SEALED_MAX, true));
	assert_non_null(sf_message_check(text, sizeof(text), true));
}

static const struct {
	const char *name;
	const char *text;
} events[SF_EVENT__MAX] = {
	[SF_EVENT_CREATED] = { "created",
		"Welcome to SFChat!\nPlease send code: "
		"0123456789abcdef00ff100f to Talker" },
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
		"Talker has not been here for too long: "
		"the chat was closed." },
	[SF_EVENT_WAS_ABSENT] = { "was_absent",
		"Thank you for using SFChat.\n"
		"You have not been here for too long: "
		"the chat was closed." },
};

static void system_messages_have_the_texts_of_the_protocol(void **state)
{
	struct sf_token chat_token;
	struct sf_token receiver;

	(void)state;
	assert_true(
		sf_token_parse("0123456789abcdef00ff100f", 24, &chat_token));
	sf_token_generate(&receiver);
	for (int i = SF_EVENT_NONE + 1; i < SF_EVENT__MAX; i++) {
		struct sf_message message;

		sf_message_init_system(
			&message, (enum sf_event)i, &chat_token, &receiver);
		assert_string_equal(message.text, events[i].text);
		assert_true(sf_token_equal(&message.receiver, &receiver));
		assert_int_equal(message.event, i);
		assert_false(message.sealed || message.chosen_id);
		assert_string_equal(
			sf_event_name(message.event), events[i].name);
		assert_int_equal(sf_event_parse(events[i].name), i);
		sf_message_release(&message);
	}
}

static void an_unknown_event_name_is_parsed_as_none(void **state)
{
	(void)state;
	assert_string_equal(sf_event_name(SF_EVENT_NONE), "");
	assert_int_equal(sf_event_parse(""), SF_EVENT_NONE);
	assert_int_equal(sf_event_parse("Created"), SF_EVENT_NONE);
	assert_int_equal(sf_event_parse("created "), SF_EVENT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_that_is_not_utf8_is_refused),
		cmocka_unit_test(bytes_behind_the_text_are_not_read),
		cmocka_unit_test(a_text_with_a_control_character_is_refused),
		cmocka_unit_test(a_text_of_white_space_alone_is_refused),
		cmocka_unit_test(a_text_of_over_140_code_points_is_refused),
		cmocka_unit_test(a_sealed_text_must_be_base64url),
		cmocka_unit_test(
			system_messages_have_the_texts_of_the_protocol),
		cmocka_unit_test(an_unknown_event_name_is_parsed_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
