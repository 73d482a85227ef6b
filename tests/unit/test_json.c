/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bodies of the API: which requests are accepted, which are refused and
 * why, and the replies.
 */
#include "api/json.h"
#include "support.h"

#define CODE "0123456789abcdef00ff100f"
#define ESCAPED "\\u0030123456789abcdef00ff100f"
#define OTHER "fedcba98765432100123abcd"

/* Copies the body to its exact size, so that the sanitizers see an overrun. */
static char *copy_exactly(const char *body, size_t *size)
{
	char *out;

	*size = strlen(body);
	out = malloc(*size ? *size : 1);
	assert_non_null(out);
	return memcpy(out, body, *size);
}

static void assert_detail(
	const struct sf_detail *detail, const char *body, const char *start)
{
	if (strncmp(detail->text, start, strlen(start)) != 0)
		fail_msg("%s: %s", body, detail->text);
}

static enum sf_err parse_join(
	const char *body, struct sf_participant *out, struct sf_detail *detail)
{
	size_t size;
	char *text = copy_exactly(body, &size);
	enum sf_err err = sf_json_parse_join(text, size, out, detail);

	free(text);
	return err;
}

static enum sf_err parse_messages(
	const char *body, struct sf_messages *out, struct sf_detail *detail)
{
	size_t size;
	char *text = copy_exactly(body, &size);
	enum sf_err err = sf_json_parse_messages(text, size, out, detail);

	free(text);
	return err;
}

static enum sf_err parse_ids(
	const char *body, struct sf_ids *out, struct sf_detail *detail)
{
	size_t size;
	char *text = copy_exactly(body, &size);
	enum sf_err err = sf_json_parse_ids(text, size, out, detail);

	free(text);
	return err;
}

static void assert_token(const struct sf_token *token, const char *digits)
{
	char text[SF_TOKEN_DIGITS + 1];

	sf_token_format(token, text);
	assert_string_equal(text, digits);
}

static void join_reads_the_code(void **state)
{
	static const char *const good[] = {
		"{\"data\":{\"chatToken\":\"" CODE "\"}}",
		" {\n\"data\" : { \"chatToken\" :\t\"" CODE "\" } }\n",
		"{\"data\":{\"chatToken\":\"" CODE "\",\"x\":[1,{}]},\"y\":0}",
		"{\"data\":{\"chatToken\":\"" ESCAPED "\"}}",
	};
	struct sf_participant last = { .user = { { 0 } } };
	struct sf_participant joiner;
	struct sf_detail detail;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (parse_join(good[i], &joiner, &detail) != SF_OK)
			fail_msg("%s: %s", good[i], detail.text);
		assert_token(&joiner.chat, CODE);
		assert_false(sf_token_equal(&joiner.user, &last.user));
		last = joiner;
	}
}

static void join_reads_a_chosen_user_token(void **state)
{
	static const char *const bad[] = { "null", "1", "\"\"", "\"" CODE "0\"",
		"[\"" CODE "\"]" };
	struct sf_participant joiner;
	struct sf_detail detail;

	(void)state;
	assert_int_equal(parse_join("{\"data\":{\"chatToken\":\"" CODE
				    "\",\"userToken\":\"" OTHER "\"}}",
				 &joiner, &detail),
		SF_OK);
	assert_token(&joiner.chat, CODE);
	assert_token(&joiner.user, OTHER);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char body[160];

		(void)snprintf(body, sizeof(body),
			"{\"data\":{\"chatToken\":\"" CODE
			"\",\"userToken\":%s}}",
			bad[i]);
		assert_int_equal(
			parse_join(body, &joiner, &detail), SF_ERR_INVALID);
		assert_detail(&detail, body, "data.userToken: ");
	}
}

static void a_join_without_a_valid_code_is_refused(void **state)
{
	static const char *const bad[] = { "{}", "[]", "\"" CODE "\"",
		"{\"data\":null}", "{\"data\":[]}", "{\"data\":{}}",
		"{\"data\":{\"chatToken\":null}}",
		"{\"data\":{\"chatToken\":123}}",
		"{\"data\":{\"chatToken\":[\"" CODE "\"]}}",
		"{\"data\":{\"chatToken\":\"\"}}",
		"{\"data\":{\"chatToken\":\"" CODE "0\"}}",
		"{\"data\":{\"chatToken\":\"" CODE "\\u0000\"}}",
		"{\"data\":{\"chatToken\":\"0123456789ABCDEF00ff100f\"}}",
		"{\"data\":{\"chattoken\":\"" CODE "\"}}",
		"{\"chatToken\":\"" CODE "\"}" };
	struct sf_participant joiner;
	struct sf_detail detail;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			parse_join(bad[i], &joiner, &detail), SF_ERR_INVALID);
		assert_detail(&detail, bad[i], "data.chatToken: ");
	}
}

static void malformed_json_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "{", "{]", "hello",
		"{\"data\":'x'}", "null", "{\"data\":{},}", "{\"data\":{}} x",
		"{\"data\":{}}{}", "{\"data\":01}", "/* */{\"data\":{}}",
		"{\"data\":\"\xff\"}", "{\"data\":{}}\xff",
		"{\"a\":[[[[[[[[[[[1]]]]]]]]]]]}", "{\"data\":tru}",
		"{\"data\":+1}", "{\"data\":\"\\x41\"}",
		"{\"data\":\"\\\xc3\xa9\"}", "{\"data\":{}}\xc3\xa9",
		"{\"data\":\"\xed\xa0\x80\"}", "{\"a\":\"b\nc\"}",
		"{\"a\":\"\\\"\x1f\"}", "{\"a\":NaN}", "{\"a\":-Infinity}",
		"{\"data\":{\"messages\":[{\"msg\":\"\xc0\x80\"}]}}" };
	struct sf_messages messages;
	struct sf_ids ids;
	struct sf_participant joiner;
	struct sf_detail detail;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (parse_join(bad[i], &joiner, &detail) != SF_ERR_INVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_detail(&detail, bad[i], "the body is not valid JSON");
		assert_int_equal(parse_messages(bad[i], &messages, &detail),
			SF_ERR_INVALID);
		assert_int_equal(
			parse_ids(bad[i], &ids, &detail), SF_ERR_INVALID);
	}
	assert_int_equal(sf_json_parse_join("{}\0", 3, &joiner, &detail),
		SF_ERR_INVALID);
	assert_detail(&detail, "NUL", "the body is not valid JSON");
}

static void messages_are_read(void **state)
{
	struct sf_messages messages;
	struct sf_detail detail = { "" };

	(void)state;
	if (parse_messages("{\"data\":{\"messages\":["
			   "{\"msg\":\"Hi, \\\"how\\\" \\u20ac\\n\"},"
			   "{\"msg\":\"c2VhbGVk\",\"sealed\":true,"
			   "\"_id\":\"" CODE "\",\"more\":{}},"
			   "{\"msg\":\"x\",\"sealed\":false}]}}",
		    &messages, &detail) != SF_OK)
		fail_msg("%s", detail.text);
	assert_int_equal(messages.count, 3);
	assert_string_equal(
		messages.items[0].text, "Hi, \"how\" \xe2\x82\xac\n");
	assert_false(messages.items[0].sealed);
	assert_false(messages.items[0].chosen_id);
	assert_int_equal(messages.items[0].event, SF_EVENT_NONE);
	assert_true(messages.items[1].sealed);
	assert_true(messages.items[1].chosen_id);
	assert_token(&messages.items[1].id, CODE);
	assert_false(messages.items[2].sealed);
	assert_false(
		sf_token_equal(&messages.items[0].id, &messages.items[2].id));
	sf_messages_release(&messages);
	assert_int_equal(messages.count, 0);
}

static const struct {
	const char *body;
	const char *start;
} refused_messages[] = {
	{ "{}", "data.messages: " },
	{ "{\"messages\":[{\"msg\":\"a\"}]}", "data.messages: " },
	{ "{\"data\":{\"messages\":{}}}", "data.messages: " },
	{ "{\"data\":{\"messages\":[]}}", "data.messages: " },
	{ "{\"data\":{\"messages\":[null]}}",
		"data.messages[0].msg: a string" },
	{ "{\"data\":{\"messages\":[\"a\"]}}",
		"data.messages[0].msg: a string" },
	{ "{\"data\":{\"messages\":[{}]}}", "data.messages[0].msg: a string" },
	{ "{\"data\":{\"messages\":[{\"msg\":1}]}}",
		"data.messages[0].msg: a string" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"\"}]}}",
		"data.messages[0].msg: " },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\\u0000b\"}]}}",
		"data.messages[0].msg: no control" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\"},"
	  "{\"msg\":\"b\\r\"}]}}",
		"data.messages[1].msg: no control" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\","
	  "\"_id\":\"12\"}]}}",
		"data.messages[0]._id: 24" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\","
	  "\"_id\":null}]}}",
		"data.messages[0]._id: 24" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\","
	  "\"sealed\":\"true\"}]}}",
		"data.messages[0].sealed: true" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a\","
	  "\"sealed\":null}]}}",
		"data.messages[0].sealed: true" },
	{ "{\"data\":{\"messages\":[{\"msg\":\"a b\","
	  "\"sealed\":true}]}}",
		"data.messages[0].msg: only" },
};

static void a_refusal_names_the_place_of_the_bad_message(void **state)
{
	(void)state;
	for (size_t i = 0;
		i < sizeof(refused_messages) / sizeof(*refused_messages); i++) {
		struct sf_messages messages;
		struct sf_detail detail;

		if (parse_messages(refused_messages[i].body, &messages,
			    &detail) != SF_ERR_INVALID)
			fail_msg("accepted: %s", refused_messages[i].body);
		assert_detail(&detail, refused_messages[i].body,
			refused_messages[i].start);
	}
}

/* Returns a body whose list has `count` copies of `item`. */
static char *make_list(const char *item, size_t count)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	assert_non_null(out);
	(void)fputs("{\"data\":{\"messages\":[", out);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s%s", i ? "," : "", item);
	(void)fputs("]}}", out);
	(void)fclose(out);
	return body;
}

static void a_list_over_its_limit_is_refused(void **state)
{
	static const char message[] = "{\"msg\":\"a\"}";
	static const char id[] = "{\"_id\":\"" CODE "\"}";
	struct sf_messages messages;
	struct sf_ids ids;
	struct sf_detail detail;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		enum sf_err err = over ? SF_ERR_INVALID : SF_OK;
		char *body = make_list(message, SF_MESSAGES_MAX + over);

		assert_int_equal(parse_messages(body, &messages, &detail), err);
		if (!err)
			sf_messages_release(&messages);
		free(body);
		body = make_list(id, SF_IDS_MAX + over);
		assert_int_equal(parse_ids(body, &ids, &detail), err);
		free(body);
	}
}

static void ids_are_read_under_either_name(void **state)
{
	struct sf_ids ids;
	struct sf_detail detail = { "" };

	(void)state;
	if (parse_ids("{\"data\":{\"messages\":[{\"_id\":\"" CODE "\"},"
		      "{\"id\":\"" OTHER "\",\"msg\":7}]}}",
		    &ids, &detail) != SF_OK)
		fail_msg("%s", detail.text);
	assert_int_equal(ids.count, 2);
	assert_token(&ids.items[0], CODE);
	assert_token(&ids.items[1], OTHER);
}

static void a_refusal_names_the_place_of_the_bad_id(void **state)
{
	static const struct {
		const char *body;
		const char *start;
	} cases[] = {
		{ "{\"data\":{\"messages\":[]}}", "data.messages: " },
		{ "{\"data\":{\"messages\":[\"" CODE "\"]}}",
			"data.messages[0]._id: " },
		{ "{\"data\":{\"messages\":[{}]}}", "data.messages[0]._id: " },
		{ "{\"data\":{\"messages\":[{\"_id\":\"" CODE "\"},"
		  "{\"_id\":\"x\"}]}}",
			"data.messages[1]._id: " },
		{ "{\"data\":{\"messages\":[{\"_id\":7}]}}",
			"data.messages[0]._id: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sf_ids ids;
		struct sf_detail detail;

		assert_int_equal(parse_ids(cases[i].body, &ids, &detail),
			SF_ERR_INVALID);
		assert_detail(&detail, cases[i].body, cases[i].start);
	}
}

static void assert_composes(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void a_standard_reply_has_a_code_a_phrase_and_a_detail(void **state)
{
	struct sf_json_status accepted = { 202, "Accepted" };
	struct sf_json_status bad = { 400, "Bad Request" };

	(void)state;
	assert_composes(sf_json_compose_standard(&accepted, ""),
		"{\"results\":{\"code\":202,\"msg\":\"Accepted\"}}");
	assert_composes(sf_json_compose_standard(&bad, "data: a \"list\" \\ /"),
		"{\"results\":{\"code\":400,\"msg\":\"Bad Request\","
		"\"detail\":\"data: a \\\"list\\\" \\\\ /\"}}");
}

static void a_reply_with_tokens_has_each_given_token(void **state)
{
	struct sf_json_status created = { 201, "Created" };
	struct sf_token chat_token;
	struct sf_token user;

	(void)state;
	assert_true(sf_token_parse(CODE, SF_TOKEN_DIGITS, &chat_token));
	assert_true(sf_token_parse(OTHER, SF_TOKEN_DIGITS, &user));
	assert_composes(sf_json_compose_tokens(&created, &chat_token, &user),
		"{\"results\":{\"code\":201,\"msg\":\"Created\","
		"\"chatToken\":\"" CODE "\",\"userToken\":\"" OTHER "\"}}");
	assert_composes(sf_json_compose_tokens(&created, NULL, &user),
		"{\"results\":{\"code\":201,\"msg\":\"Created\","
		"\"userToken\":\"" OTHER "\"}}");
}

static void a_reply_with_messages_has_their_count_and_the_status(void **state)
{
	struct sf_json_status ok = { 200, "Ok" };
	struct sf_message messages[] = {
		{ .text = (char[]){ "Hi </b> \xe2\x82\xac\n" } },
		{ .event = SF_EVENT_READY, .text = (char[]){ "Ready" } },
		{ .sealed = true, .text = (char[]){ "c2VhbGVk" } },
	};
	struct sf_chat chat = { .status = SF_STATUS_READY,
		.message_count = 3,
		.messages = messages };

	(void)state;
	assert_true(sf_token_parse(CODE, SF_TOKEN_DIGITS, &messages[0].id));
	messages[1].id = messages[2].id = messages[0].id;
	assert_composes(sf_json_compose_messages(&ok, &chat, -1),
		"{\"results\":{\"code\":200,\"msg\":\"Ok\",\"count\":3,"
		"\"status\":\"ready\",\"messages\":["
		"{\"_id\":\"" CODE "\",\"msg\":\"Hi </b> \xe2\x82\xac\\n\","
		"\"system\":false},"
		"{\"_id\":\"" CODE "\",\"msg\":\"Ready\",\"system\":true,"
		"\"event\":\"ready\"},"
		"{\"_id\":\"" CODE "\",\"msg\":\"c2VhbGVk\","
		"\"system\":false,\"sealed\":true}]}}");
	chat.message_count = 0;
	chat.status = SF_STATUS_CLOSED;
	assert_composes(sf_json_compose_messages(&ok, &chat, -1),
		"{\"results\":{\"code\":200,\"msg\":\"Ok\",\"count\":0,"
		"\"status\":\"closed\",\"messages\":[]}}");
}

static void a_parsed_text_is_composed_unchanged(void **state)
{
	static const char *const texts[] = { "\\\"/\t\n", "\xf0\x9f\x98\x80",
		"a\xe2\x80\xa8z", "\\\xc3\xa9\\\\\xef\xbf\xbf", "<script>&amp;",
		"${x}%s%n" };
	struct sf_json_status ok = { 200, "Ok" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct sf_message message = { .text = strdup(texts[i]) };
		struct sf_chat chat = { .message_count = 1,
			.messages = &message };
		struct sf_messages back;
		struct sf_detail detail;
		char *answer = sf_json_compose_messages(&ok, &chat, -1);
		char request[512];

		(void)snprintf(request, sizeof(request), "{\"data\":{%s",
			strstr(answer, "\"messages\":"));
		assert_int_equal(
			parse_messages(request, &back, &detail), SF_OK);
		assert_string_equal(back.items[0].text, texts[i]);
		sf_messages_release(&back);
		free(answer);
		free(message.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(join_reads_the_code),
		cmocka_unit_test(join_reads_a_chosen_user_token),
		cmocka_unit_test(a_join_without_a_valid_code_is_refused),
		cmocka_unit_test(malformed_json_is_refused),
		cmocka_unit_test(messages_are_read),
		cmocka_unit_test(a_refusal_names_the_place_of_the_bad_message),
		cmocka_unit_test(a_list_over_its_limit_is_refused),
		cmocka_unit_test(ids_are_read_under_either_name),
		cmocka_unit_test(a_refusal_names_the_place_of_the_bad_id),
		cmocka_unit_test(
			a_standard_reply_has_a_code_a_phrase_and_a_detail),
		cmocka_unit_test(a_reply_with_tokens_has_each_given_token),
		cmocka_unit_test(
			a_reply_with_messages_has_their_count_and_the_status),
		cmocka_unit_test(a_parsed_text_is_composed_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
