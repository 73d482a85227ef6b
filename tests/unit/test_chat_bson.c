/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chat encoded as BSON is decoded unchanged, and malformed BSON is refused.
 * The tests make malformed BSON by editing that of a good chat with libbson.
 */
#include "model/chat_bson.h"
#include "base/mem.h"
#include "support.h"

#include <bson/bson.h>

#define NOW_MS 1700000000000

/* Returns a chat in which every optional member occurs. */
static struct sf_chat make_chat(void)
{
	struct sf_chat chat;
	struct sf_token joiner;
	struct sf_messages messages = {
		{ { .chosen_id = true, .text = (char[]){ "\xe2\x82\xac\n" } },
			{ .sealed = true, .text = (char[]){ "c2VhbGVk" } } },
		2,
	};

	sf_token_generate(&joiner);
	sf_chat_init(&chat, NOW_MS);
	assert_int_equal(sf_chat_join(&chat, &joiner, NOW_MS + 1), SF_OK);
	sf_token_generate(&messages.items[0].id);
	sf_token_generate(&messages.items[1].id);
	assert_int_equal(sf_chat_push(&chat, &chat.users[0], &messages), SF_OK);
	sf_chat_close(&chat, &joiner);
	return chat;
}

static void assert_same_message(
	const struct sf_message *a, const struct sf_message *b)
{
	assert_memory_equal(&a->id, &b->id, sizeof(a->id));
	assert_memory_equal(&a->receiver, &b->receiver, sizeof(a->receiver));
	assert_int_equal(a->event, b->event);
	assert_int_equal(a->sealed, b->sealed);
	assert_string_equal(a->text, b->text);
}

static void assert_same_chat(const struct sf_chat *a, const struct sf_chat *b)
{
	assert_memory_equal(&a->id, &b->id, sizeof(a->id));
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->user_count, b->user_count);
	assert_memory_equal(a->users, b->users, sizeof(a->users));
	assert_int_equal(a->poll_count, b->poll_count);
	assert_memory_equal(a->polls, b->polls, sizeof(a->polls));
	assert_memory_equal(a->sent, b->sent, sizeof(a->sent));
	assert_int_equal(a->message_count, b->message_count);
	for (size_t i = 0; i < a->message_count; i++)
		assert_same_message(&a->messages[i], &b->messages[i]);
}

static void a_decoded_chat_equals_the_encoded_chat(void **state)
{
	struct sf_chat chat = make_chat();
	struct sf_chat decoded;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);

	(void)state;
	assert_int_equal(sf_chat_bson_decode(data, size, &decoded), SF_OK);
	assert_same_chat(&decoded, &chat);
	free(data);
	sf_chat_release(&chat);
	sf_chat_release(&decoded);
}

static void a_full_chat_is_decoded_unchanged(void **state)
{
	struct sf_chat chat = make_chat();
	struct sf_chat decoded;
	size_t size;
	uint8_t *data;

	(void)state;
	chat.sent[0].count = SF_CHAT_SENT_MAX;
	chat.sent[1].count = SF_CHAT_SENT_MAX;
	chat.poll_count = SF_CHAT_POLLS_MAX;
	for (int i = 0; i < 2 * SF_CHAT_WAITING_MAX; i++) {
		struct sf_message message = chat.messages[3];

		message.text = sf_strdup(message.text);
		sf_chat_append(&chat, &message);
	}
	data = sf_chat_bson_encode(&chat, &size);
	assert_int_equal(sf_chat_bson_decode(data, size, &decoded), SF_OK);
	assert_same_chat(&decoded, &chat);
	free(data);
	sf_chat_release(&chat);
	sf_chat_release(&decoded);
}

static void encoding_uses_the_protocols_names_and_types(void **state)
{
	static const struct {
		const char *path;
		bson_type_t type;
	} members[] = {
		{ "_id", BSON_TYPE_OID },
		{ "status", BSON_TYPE_UTF8 },
		{ "user_tokens.1", BSON_TYPE_OID },
		{ "messages.0._id", BSON_TYPE_OID },
		{ "messages.0.user_token", BSON_TYPE_OID },
		{ "messages.0.msg", BSON_TYPE_UTF8 },
		{ "messages.0.system", BSON_TYPE_BOOL },
		{ "messages.0.event", BSON_TYPE_UTF8 },
		{ "messages.4.sealed", BSON_TYPE_BOOL },
		{ "long_polling.1._id", BSON_TYPE_OID },
		{ "long_polling.1.user_token", BSON_TYPE_OID },
		{ "long_polling.1.created", BSON_TYPE_DATE_TIME },
		{ "created", BSON_TYPE_DATE_TIME },
	};
	struct sf_chat chat = make_chat();
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);
	bson_iter_t iter;
	bson_iter_t found;
	bson_t bson;

	(void)state;
	assert_true(bson_init_static(&bson, data, size));
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		assert_true(bson_iter_init(&iter, &bson));
		assert_true(bson_iter_find_descendant(
			&iter, members[i].path, &found));
		assert_int_equal(bson_iter_type(&found), members[i].type);
	}
	assert_true(bson_iter_init(&iter, &bson));
	assert_false(
		bson_iter_find_descendant(&iter, "messages.0.sealed", &found));
	assert_true(bson_iter_init(&iter, &bson));
	assert_false(
		bson_iter_find_descendant(&iter, "messages.3.event", &found));
	free(data);
	sf_chat_release(&chat);
}

/* One change to the BSON of a good chat. */
struct edit {
	const char *path;          /* of the changed member: "messages.0.msg" */
	const bson_t *replacement; /* has the new value as "v"; NULL: removed */
};

static void copy_edited(bson_t *out, bson_iter_t *iter, const char *prefix,
	const struct edit *edit)
{
	bson_iter_t value;

	while (bson_iter_next(iter)) {
		const char *key = bson_iter_key(iter);
		bson_iter_t inner;
		char path[64];
		bson_t child;

		(void)snprintf(path, sizeof(path), "%s%s", prefix, key);
		if (strcmp(path, edit->path) == 0) {
			if (edit->replacement &&
				bson_iter_init_find(
					&value, edit->replacement, "v"))
				(void)bson_append_iter(out, key, -1, &value);
			continue;
		}
		if (!bson_iter_recurse(iter, &inner)) {
			(void)bson_append_iter(out, key, -1, iter);
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s%s.", prefix, key);
		if (BSON_ITER_HOLDS_ARRAY(iter))
			(void)bson_append_array_begin(out, key, -1, &child);
		else
			(void)bson_append_document_begin(out, key, -1, &child);
		copy_edited(&child, &inner, path, edit);
		if (BSON_ITER_HOLDS_ARRAY(iter))
			(void)bson_append_array_end(out, &child);
		else
			(void)bson_append_document_end(out, &child);
	}
}

/* Decodes a good chat after `edit` has changed its BSON. */
static enum sf_err decode_edited(const struct edit *edit, struct sf_chat *out)
{
	struct sf_chat chat = make_chat();
	bson_t edited = BSON_INITIALIZER;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);
	bson_iter_t iter;
	bson_t bson;
	enum sf_err err;

	assert_true(bson_init_static(&bson, data, size));
	assert_true(bson_iter_init(&iter, &bson));
	copy_edited(&edited, &iter, "", edit);
	err = sf_chat_bson_decode(bson_get_data(&edited), edited.len, out);
	bson_destroy(&edited);
	free(data);
	sf_chat_release(&chat);
	return err;
}

static void assert_refused_and_empty(const struct edit *edit)
{
	struct sf_chat nothing = { .message_count = 0 };
	struct sf_chat out;

	if (decode_edited(edit, &out) != SF_ERR_INTERNAL)
		fail_msg("accepted with a changed %s", edit->path);
	assert_memory_equal(&out, &nothing, sizeof(out));
}

static void a_member_of_a_wrong_type_is_refused(void **state)
{
	static const char *const paths[] = { "_id", "status", "user_tokens",
		"user_tokens.0", "user_tokens.1", "messages", "messages.0",
		"messages.1._id", "messages.1.user_token", "messages.1.msg",
		"messages.1.event", "messages.4.sealed", "long_polling",
		"long_polling.0", "long_polling.1._id",
		"long_polling.1.user_token", "long_polling.1.created",
		"sent_by_creator", "sent_by_creator.0", "sent_by_joiner",
		"created" };
	bson_t *wrong = BCON_NEW("v", BCON_INT32(1));

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_refused_and_empty(&(struct edit){ paths[i], wrong });
	bson_destroy(wrong);
}

static void a_missing_member_is_refused(void **state)
{
	static const char *const paths[] = { "user_tokens", "created",
		"messages.0.msg" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_refused_and_empty(&(struct edit){ paths[i], NULL });
}

static void an_unknown_name_or_a_text_with_nul_is_refused(void **state)
{
	static const char *const paths[] = { "status", "messages.0.event" };
	bson_t *unknown = BCON_NEW("v", BCON_UTF8("unknown"));
	bson_t broken = BSON_INITIALIZER;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_refused_and_empty(&(struct edit){ paths[i], unknown });
	bson_destroy(unknown);
	assert_true(bson_append_utf8(&broken, "v", 1, "a\0b", 3));
	assert_refused_and_empty(&(struct edit){ "messages.0.msg", &broken });
	bson_destroy(&broken);
}

/*
 * Replaces the array at `path` by one of `count` copies of the member at
 * `item_path`, and asserts that the chat is refused.
 */
static void assert_long_array_refused(
	const char *path, const char *item_path, uint32_t count)
{
	struct sf_chat chat = make_chat();
	bson_t many = BSON_INITIALIZER;
	bson_iter_t iter;
	bson_iter_t item;
	bson_t array;
	bson_t bson;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);

	assert_true(bson_init_static(&bson, data, size));
	assert_true(bson_iter_init(&iter, &bson));
	assert_true(bson_iter_find_descendant(&iter, item_path, &item));
	(void)bson_append_array_begin(&many, "v", 1, &array);
	for (uint32_t i = 0; i < count; i++) {
		char digits[16];

		(void)snprintf(digits, sizeof(digits), "%u", i);
		(void)bson_append_iter(&array, digits, -1, &item);
	}
	(void)bson_append_array_end(&many, &array);
	assert_refused_and_empty(&(struct edit){ path, &many });
	bson_destroy(&many);
	free(data);
	sf_chat_release(&chat);
}

static void an_array_over_its_limit_is_refused(void **state)
{
	(void)state;
	assert_long_array_refused(
		"user_tokens", "user_tokens.0", SF_CHAT_USERS_MAX + 1);
	assert_long_array_refused(
		"long_polling", "long_polling.0", SF_CHAT_POLLS_MAX + 1);
	assert_long_array_refused(
		"sent_by_creator", "sent_by_creator.0", SF_CHAT_SENT_MAX + 1);
	assert_long_array_refused(
		"sent_by_joiner", "sent_by_creator.0", SF_CHAT_SENT_MAX + 1);
}

static void unknown_members_are_ignored(void **state)
{
	struct sf_chat chat = make_chat();
	struct sf_chat decoded;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);
	bson_t *more;

	(void)state;
	more = bson_new_from_data(data, size);
	assert_non_null(more);
	BSON_APPEND_UTF8(more, "later", "text");
	BSON_APPEND_INT32(more, "status2", 7);
	assert_int_equal(
		sf_chat_bson_decode(bson_get_data(more), more->len, &decoded),
		SF_OK);
	assert_same_chat(&decoded, &chat);
	bson_destroy(more);
	free(data);
	sf_chat_release(&chat);
	sf_chat_release(&decoded);
}

static void truncated_bson_is_refused(void **state)
{
	struct sf_chat chat = make_chat();
	struct sf_chat out;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);

	(void)state;
	for (size_t left = 0; left < size; left++) {
		uint8_t *cut = malloc(left + 1);

		assert_non_null(cut);
		memcpy(cut, data, left);
		assert_int_equal(
			sf_chat_bson_decode(cut, left, &out), SF_ERR_INTERNAL);
		free(cut);
	}
	free(data);
	sf_chat_release(&chat);
}

/*
 * The length and the final zero are correct, so the decoder can only notice
 * that members are missing.
 */
static void truncated_bson_with_a_corrected_length_is_refused(void **state)
{
	struct sf_chat chat = make_chat();
	struct sf_chat out;
	size_t size;
	uint8_t *data = sf_chat_bson_encode(&chat, &size);

	(void)state;
	for (size_t left = 5; left < size; left++) {
		uint8_t *cut = malloc(left);

		assert_non_null(cut);
		memcpy(cut, data, left);
		for (size_t i = 0; i < 4; i++)
			cut[i] = (uint8_t)(left >> 8 * i);
		cut[left - 1] = 0;
		assert_int_equal(
			sf_chat_bson_decode(cut, left, &out), SF_ERR_INTERNAL);
		free(cut);
	}
	free(data);
	sf_chat_release(&chat);
}

/* BSON has no type 0x50. Each place where the decoder reads gets it once. */
static void an_undefined_bson_type_is_refused(void **state)
{
	static const char *const paths[] = { "status", "user_tokens.1",
		"messages.2", "messages.1.system", "messages.3.msg",
		"long_polling.1", "long_polling.1.created", "sent_by_creator.0",
		"created" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct sf_chat chat = make_chat();
		size_t size;
		uint8_t *data = sf_chat_bson_encode(&chat, &size);
		struct sf_chat out;
		bson_iter_t iter;
		bson_iter_t found;
		bson_t bson;

		assert_true(bson_init_static(&bson, data, size));
		assert_true(bson_iter_init(&iter, &bson));
		assert_true(bson_iter_find_descendant(&iter, paths[i], &found));
		/* The type is the byte before the key. */
		data[bson_iter_key(&found) - (char *)data - 1] = 0x50;
		if (sf_chat_bson_decode(data, size, &out) != SF_ERR_INTERNAL)
			fail_msg("accepted with an undefined type of %s",
				paths[i]);
		free(data);
		sf_chat_release(&chat);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decoded_chat_equals_the_encoded_chat),
		cmocka_unit_test(a_full_chat_is_decoded_unchanged),
		cmocka_unit_test(encoding_uses_the_protocols_names_and_types),
		cmocka_unit_test(a_member_of_a_wrong_type_is_refused),
		cmocka_unit_test(a_missing_member_is_refused),
		cmocka_unit_test(an_unknown_name_or_a_text_with_nul_is_refused),
		cmocka_unit_test(an_array_over_its_limit_is_refused),
		cmocka_unit_test(unknown_members_are_ignored),
		cmocka_unit_test(truncated_bson_is_refused),
		cmocka_unit_test(
			truncated_bson_with_a_corrected_length_is_refused),
		cmocka_unit_test(an_undefined_bson_type_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
