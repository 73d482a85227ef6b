/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON by json-c. Parsing is strict: one value and nothing after it, at most
 * DEPTH_MAX deep, no comments. json_strict.c refuses what json-c lets pass.
 * Unknown members are ignored.
 */
#include "api/json.h"

#include <json.h>

#include "api/json_strict.h"
#include "base/die.h"
#include "base/mem.h"

#define DEPTH_MAX 8
#define TOKEN_EXPECTED "24 lower-case hex digits were expected"

static void require_memory(bool had_memory)
{
	if (!had_memory)
		sf_die("out of memory");
}

/* Parses ASCII that is exactly one JSON value; NULL: it is not. */
static struct json_object *parse_whole(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *value;
	bool whole;

	require_memory(tokener != NULL);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, (int)size);
	whole = json_tokener_get_error(tokener) == json_tokener_success &&
		json_tokener_get_parse_end(tokener) == size;
	json_tokener_free(tokener);
	if (whole)
		return value;
	json_object_put(value);
	return NULL;
}

/* Returns the value of the body; NULL, with detail, if it is not JSON. */
static struct json_object *parse_body(
	const char *body, size_t size, struct sf_detail *detail)
{
	size_t text_size;
	char *text = sf_json_strict_escape(body, size, &text_size);
	struct json_object *value = text ? parse_whole(text, text_size) : NULL;

	free(text);
	if (!value)
		(void)sf_detail_set(
			detail, SF_ERR_INVALID, "the body is not valid JSON");
	return value;
}

/* Returns the member of that name and that type; or NULL. */
static struct json_object *get_member(
	struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *member;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, type))
		return NULL;
	return member;
}

static bool get_token(struct json_object *string, struct sf_token *out)
{
	return string &&
	       sf_token_parse(json_object_get_string(string),
		       (size_t)json_object_get_string_len(string), out);
}

/* Makes a token if the member is absent. Returns false if it is no token. */
static bool get_chosen_token(struct json_object *object, const char *name,
	bool *chosen, struct sf_token *out)
{
	struct json_object *member;

	*chosen = json_object_object_get_ex(object, name, &member);
	if (*chosen)
		return get_token(
			get_member(object, name, json_type_string), out);
	sf_token_generate(out);
	return true;
}

enum sf_err sf_json_parse_join(const char *body, size_t size,
	struct sf_participant *out, struct sf_detail *detail)
{
	struct json_object *root = parse_body(body, size, detail);
	struct json_object *data = get_member(root, "data", json_type_object);
	const char *wrong = NULL;
	bool chosen;

	if (!root)
		return SF_ERR_INVALID;
	if (!get_token(get_member(data, "chatToken", json_type_string),
		    &out->chat))
		wrong = "chatToken";
	else if (!get_chosen_token(data, "userToken", &chosen, &out->user))
		wrong = "userToken";
	json_object_put(root);
	return wrong ? sf_detail_set(detail, SF_ERR_INVALID, "data.%s: %s",
			       wrong, TOKEN_EXPECTED)
		     : SF_OK;
}

static bool parse_sealed(struct json_object *item, struct sf_message *out)
{
	struct json_object *member;

	if (!json_object_object_get_ex(item, "sealed", &member))
		return true;
	out->sealed = json_object_get_boolean(member);
	return json_object_is_type(member, json_type_boolean);
}

/* Appends an item of data.messages to `target`, a struct sf_messages. */
static const char *parse_message(
	struct json_object *item, void *target, const char **member)
{
	struct json_object *text = get_member(item, "msg", json_type_string);
	struct sf_messages *messages = target;
	struct sf_message *out = &messages->items[messages->count];
	const char *why;

	*member = "msg";
	if (!text)
		return "a string was expected";
	*member = "_id";
	if (!get_chosen_token(item, "_id", &out->chosen_id, &out->id))
		return TOKEN_EXPECTED;
	*member = "sealed";
	if (!parse_sealed(item, out))
		return "true or false was expected";
	*member = "msg";
	why = sf_message_check(json_object_get_string(text),
		(size_t)json_object_get_string_len(text), out->sealed);
	if (why)
		return why;
	out->text = sf_strdup(json_object_get_string(text));
	messages->count++;
	return NULL;
}

static const char *parse_id(
	struct json_object *item, void *target, const char **member)
{
	struct json_object *id = get_member(item, "_id", json_type_string);
	struct sf_ids *ids = target;

	*member = "_id";
	if (!id)
		id = get_member(item, "id", json_type_string);
	return get_token(id, &ids->items[ids->count++]) ? NULL : TOKEN_EXPECTED;
}

/* What data.messages may be: 1 to `max` items that `parse` accepts. */
struct list {
	size_t max;
	/* Returns NULL, or why `item` is refused, with the wrong `member`. */
	const char *(*parse)(
		struct json_object *item, void *target, const char **member);
};

static enum sf_err parse_list(const struct list *list, const char *body,
	size_t size, void *out, struct sf_detail *detail)
{
	struct json_object *root = parse_body(body, size, detail);
	struct json_object *data = get_member(root, "data", json_type_object);
	struct json_object *items =
		get_member(data, "messages", json_type_array);
	size_t count = items ? json_object_array_length(items) : 0;
	enum sf_err err = root ? SF_OK : SF_ERR_INVALID;

	if (!err && (count < 1 || count > list->max))
		err = sf_detail_set(detail, SF_ERR_INVALID,
			"data.messages: a list of 1 to %zu was expected",
			list->max);
	for (size_t i = 0; !err && i < count; i++) {
		const char *member;
		const char *why = list->parse(
			json_object_array_get_idx(items, i), out, &member);

		if (why)
			err = sf_detail_set(detail, SF_ERR_INVALID,
				"data.messages[%zu].%s: %s", i, member, why);
	}
	json_object_put(root);
	return err;
}

enum sf_err sf_json_parse_messages(const char *body, size_t size,
	struct sf_messages *out, struct sf_detail *detail)
{
	static const struct list messages = { SF_MESSAGES_MAX, parse_message };
	enum sf_err err;

	memset(out, 0, sizeof(*out));
	err = parse_list(&messages, body, size, out, detail);
	if (err)
		sf_messages_release(out);
	return err;
}

enum sf_err sf_json_parse_ids(const char *body, size_t size, struct sf_ids *out,
	struct sf_detail *detail)
{
	static const struct list ids = { SF_IDS_MAX, parse_id };

	out->count = 0;
	return parse_list(&ids, body, size, out, detail);
}

static void add_member(
	struct json_object *object, const char *name, struct json_object *value)
{
	require_memory(object && value &&
		       json_object_object_add(object, name, value) == 0);
}

static void add_string(
	struct json_object *object, const char *name, const char *value)
{
	add_member(object, name, json_object_new_string(value));
}

static void add_token(struct json_object *object, const char *name,
	const struct sf_token *token)
{
	char digits[SF_TOKEN_DIGITS + 1];

	sf_token_format(token, digits);
	add_string(object, name, digits);
}

static struct json_object *make_results(const struct sf_json_status *status)
{
	struct json_object *results = json_object_new_object();

	add_member(results, "code", json_object_new_int(status->code));
	add_string(results, "msg", status->phrase);
	return results;
}

/* Returns {"results":…} as text, and frees `results`. */
static char *write_results(struct json_object *results)
{
	struct json_object *root = json_object_new_object();
	char *text;

	add_member(root, "results", results);
	text = sf_strdup(json_object_to_json_string_ext(
		root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return text;
}

char *sf_json_compose_standard(
	const struct sf_json_status *status, const char *detail)
{
	struct json_object *results = make_results(status);

	if (*detail)
		add_string(results, "detail", detail);
	return write_results(results);
}

char *sf_json_compose_tokens(const struct sf_json_status *status,
	const struct sf_token *chat_token, const struct sf_token *user)
{
	struct json_object *results = make_results(status);

	if (chat_token)
		add_token(results, "chatToken", chat_token);
	add_token(results, "userToken", user);
	return write_results(results);
}

static struct json_object *make_message(const struct sf_message *message)
{
	struct json_object *object = json_object_new_object();
	bool system = message->event != SF_EVENT_NONE;

	add_token(object, "_id", &message->id);
	add_string(object, "msg", message->text);
	add_member(object, "system", json_object_new_boolean(system));
	if (system)
		add_string(object, "event", sf_event_name(message->event));
	if (message->sealed)
		add_member(object, "sealed", json_object_new_boolean(true));
	return object;
}

char *sf_json_compose_messages(const struct sf_json_status *status,
	const struct sf_chat *chat, int64_t silent_minutes)
{
	struct json_object *results = make_results(status);
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < chat->message_count; i++)
		require_memory(
			list && json_object_array_add(list,
					make_message(&chat->messages[i])) == 0);
	add_member(
		results, "count", json_object_new_uint64(chat->message_count));
	add_string(results, "status", sf_status_name(chat->status));
	if (silent_minutes >= 0)
		add_member(
			results, "seen", json_object_new_int64(silent_minutes));
	add_member(results, "messages", list);
	return write_results(results);
}
