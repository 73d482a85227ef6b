/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON by json-c. Parsing is strict: one value of valid UTF-8, nothing behind
 * it, no comments, shallow. Members that it does not know are passed over.
 */
#include "api/json.h"

#include <json.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/utf8.h"

#define DEPTH_MAX 8

/* The code unit of an escape "\\uXXXX" at text, or -1. */
static int parse_escape(const char *text, const char *end)
{
	int unit = 0;

	if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, text[i] | 0x20, 16);

		if (!digit)
			return -1;
		unit = 16 * unit + (int)(digit - digits);
	}
	return unit;
}

static bool is_high(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/*
 * Whether each escaped surrogate is one of a pair: RFC 8259, 8.2. json-c would
 * put another character in the place of a lone one.
 */
static bool are_surrogates_paired(const char *body, size_t size)
{
	const char *end = body + size;
	const char *at = body;

	while (at < end && (at = memchr(at, '\\', (size_t)(end - at)))) {
		int unit = parse_escape(at, end);

		if (is_low(unit))
			return false;
		if (!is_high(unit)) {
			at += unit < 0 ? 2 : 6;
			continue;
		}
		if (!is_low(parse_escape(at + 6, end)))
			return false;
		at += 12;
	}
	return true;
}

/* Returns how many characters it wrote: at most three for each byte. */
static size_t put_escaped(char *out, int32_t point)
{
	int length;

	if (point < 0x80) {
		*out = (char)point;
		return 1;
	}
	if (point < 0x10000)
		length = snprintf(out, 7, "\\u%04x", (unsigned int)point);
	else
		length = snprintf(out, 13, "\\u%04x\\u%04x",
			0xd800 + ((unsigned int)(point - 0x10000) >> 10),
			0xdc00 + ((unsigned int)point & 0x3ff));
	return (size_t)length;
}

/* Where in a JSON text a character stands. */
struct place {
	bool in_string;
	bool after_backslash;
};

/*
 * What json-c lets pass, of some versions even when strict: control characters
 * in strings, NaN and Infinity. A backslash before what is escaped here would
 * be taken for half an escape.
 */
static bool is_allowed(const struct place *place, int32_t point)
{
	if (!place->in_string)
		return point >= 0 && point != 'N' && point != 'I';
	return point >= 0x20 && (point < 0x80 || !place->after_backslash);
}

static void move_on(struct place *place, int32_t point)
{
	if (point == '"' && !place->after_backslash)
		place->in_string = !place->in_string;
	place->after_backslash =
		place->in_string && point == '\\' && !place->after_backslash;
}

/*
 * The body with all that is not ASCII escaped, which means the same; NULL if
 * it is not UTF-8, or not JSON. json-c 0.17 and 0.18 refuse any other byte
 * when strict.
 */
static char *escape(const char *body, size_t size, size_t *out_size)
{
	const unsigned char *at = (const unsigned char *)body;
	const unsigned char *end = at + size;
	struct place place = { .in_string = false };
	char *out = sf_alloc(3 * size + 1);

	*out_size = 0;
	while (at < end) {
		int32_t point = sf_utf8_take(&at, end);

		if (!is_allowed(&place, point)) {
			free(out);
			return NULL;
		}
		*out_size += put_escaped(out + *out_size, point);
		move_on(&place, point);
	}
	return out;
}

/* The value that an ASCII text is, nothing before or behind it; or NULL. */
static struct json_object *parse_whole(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *value;
	bool whole;

	if (!tokener)
		sf_die("out of memory");
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

static enum sf_err parse(const char *body, size_t size,
	struct json_object **out, struct sf_detail *detail)
{
	size_t text_size;
	char *text = escape(body, size, &text_size);

	*out = NULL;
	if (text && are_surrogates_paired(text, text_size))
		*out = parse_whole(text, text_size);
	free(text);
	if (*out)
		return SF_OK;
	return sf_detail_set(
		detail, SF_ERR_INVALID, "the body is not valid JSON");
}

/* The member of that name if it is there and of that type; else NULL. */
static struct json_object *get(
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

/* Absent: a fresh one. false: there, and not a token. */
static bool get_chosen_token(struct json_object *object, const char *name,
	bool *chosen, struct sf_token *out)
{
	struct json_object *member;

	*chosen = json_object_object_get_ex(object, name, &member);
	if (*chosen)
		return get_token(get(object, name, json_type_string), out);
	sf_token_generate(out);
	return true;
}

enum sf_err sf_json_parse_join(const char *body, size_t size,
	struct sf_participant *out, struct sf_detail *detail)
{
	const char *wrong = NULL;
	struct json_object *root;
	enum sf_err err = parse(body, size, &root, detail);
	struct json_object *data;
	bool chosen;

	if (err)
		return err;
	data = get(root, "data", json_type_object);
	if (!get_token(get(data, "chatToken", json_type_string), &out->chat))
		wrong = "chatToken";
	else if (!get_chosen_token(data, "userToken", &chosen, &out->user))
		wrong = "userToken";
	if (wrong)
		err = sf_detail_set(detail, SF_ERR_INVALID,
			"data.%s: 24 lower-case hex digits were expected",
			wrong);
	json_object_put(root);
	return err;
}

/* data.messages, a list of 1 to max; NULL, with detail, if it is not that. */
static struct json_object *get_list(
	struct json_object *root, size_t max, struct sf_detail *detail)
{
	struct json_object *data = get(root, "data", json_type_object);
	struct json_object *list = get(data, "messages", json_type_array);

	if (list && json_object_array_length(list) >= 1 &&
		json_object_array_length(list) <= max)
		return list;
	(void)sf_detail_set(detail, SF_ERR_INVALID,
		"data.messages: a list of 1 to %zu was expected", max);
	return NULL;
}

static bool parse_sealed(struct json_object *item, struct sf_message *out)
{
	struct json_object *member;

	if (!json_object_object_get_ex(item, "sealed", &member))
		return true;
	out->sealed = json_object_get_boolean(member);
	return json_object_is_type(member, json_type_boolean);
}

/* NULL, or which member is wrong and why. */
static const char *parse_message(
	struct json_object *item, struct sf_message *out, const char **member)
{
	struct json_object *text = get(item, "msg", json_type_string);
	const char *why;

	*member = "msg";
	if (!text)
		return "a string was expected";
	*member = "_id";
	if (!get_chosen_token(item, "_id", &out->chosen_id, &out->id))
		return "24 lower-case hex digits were expected";
	*member = "sealed";
	if (!parse_sealed(item, out))
		return "true or false was expected";
	*member = "msg";
	why = sf_message_check(json_object_get_string(text),
		(size_t)json_object_get_string_len(text), out->sealed);
	if (!why)
		out->text = sf_strdup(json_object_get_string(text));
	return why;
}

enum sf_err sf_json_parse_messages(const char *body, size_t size,
	struct sf_json_messages *out, struct sf_detail *detail)
{
	struct json_object *root;
	enum sf_err err = parse(body, size, &root, detail);
	struct json_object *list;

	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	list = get_list(root, SF_JSON_MESSAGES_MAX, detail);
	if (!list)
		err = SF_ERR_INVALID;
	for (size_t i = 0; !err && i < json_object_array_length(list); i++) {
		const char *member;
		const char *why =
			parse_message(json_object_array_get_idx(list, i),
				&out->items[i], &member);

		if (why)
			err = sf_detail_set(detail, SF_ERR_INVALID,
				"data.messages[%zu].%s: %s", i, member, why);
		else
			out->count++;
	}
	if (err)
		sf_json_messages_release(out);
	json_object_put(root);
	return err;
}

void sf_json_messages_release(struct sf_json_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++)
		sf_message_release(&messages->items[i]);
	messages->count = 0;
}

static bool parse_id(struct json_object *item, struct sf_token *out)
{
	struct json_object *id = get(item, "_id", json_type_string);

	if (!id)
		id = get(item, "id", json_type_string);
	return get_token(id, out);
}

enum sf_err sf_json_parse_ids(const char *body, size_t size,
	struct sf_json_ids *out, struct sf_detail *detail)
{
	struct json_object *root;
	enum sf_err err = parse(body, size, &root, detail);
	struct json_object *list;

	if (err)
		return err;
	out->count = 0;
	list = get_list(root, SF_JSON_IDS_MAX, detail);
	if (!list)
		err = SF_ERR_INVALID;
	for (size_t i = 0; !err && i < json_object_array_length(list); i++) {
		if (!parse_id(
			    json_object_array_get_idx(list, i), &out->items[i]))
			err = sf_detail_set(detail, SF_ERR_INVALID,
				"data.messages[%zu]._id: 24 lower-case hex "
				"digits were expected",
				i);
		out->count++;
	}
	json_object_put(root);
	return err;
}

static struct json_object *need(struct json_object *object)
{
	if (!object)
		sf_die("out of memory");
	return object;
}

static void add(
	struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, need(value)) != 0)
		sf_die("out of memory");
}

static void add_string(
	struct json_object *object, const char *name, const char *value)
{
	add(object, name, json_object_new_string(value));
}

static void add_token(struct json_object *object, const char *name,
	const struct sf_token *token)
{
	char digits[SF_TOKEN_DIGITS + 1];

	sf_token_format(token, digits);
	add_string(object, name, digits);
}

static void add_number(
	struct json_object *object, const char *name, int64_t value)
{
	add(object, name, json_object_new_int64(value));
}

/* Takes over item. */
static void append(struct json_object *list, struct json_object *item)
{
	if (json_object_array_add(list, item) != 0)
		sf_die("out of memory");
}

static struct json_object *make_results(const struct sf_json_answer *answer)
{
	struct json_object *results = need(json_object_new_object());

	add(results, "code", json_object_new_int(answer->code));
	add_string(results, "msg", answer->phrase);
	return results;
}

/* As text; takes over root. */
static char *write_text(struct json_object *root)
{
	char *text = sf_strdup(json_object_to_json_string_ext(
		root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

	json_object_put(root);
	return text;
}

/* {"results":…} as text; takes over results. */
static char *finish(struct json_object *results)
{
	struct json_object *root = need(json_object_new_object());

	add(root, "results", results);
	return write_text(root);
}

char *sf_json_compose_standard(
	const struct sf_json_answer *answer, const char *detail)
{
	struct json_object *results = make_results(answer);

	if (*detail)
		add_string(results, "detail", detail);
	return finish(results);
}

char *sf_json_compose_tokens(const struct sf_json_answer *answer,
	const struct sf_token *chat_token, const struct sf_token *user)
{
	struct json_object *results = make_results(answer);

	if (chat_token)
		add_token(results, "chatToken", chat_token);
	add_token(results, "userToken", user);
	return finish(results);
}

static struct json_object *make_message(const struct sf_message *message)
{
	struct json_object *object = need(json_object_new_object());
	bool system = message->event != SF_EVENT_NONE;

	add_token(object, "_id", &message->id);
	add_string(object, "msg", message->text);
	add(object, "system", json_object_new_boolean(system));
	if (system)
		add_string(object, "event", sf_event_name(message->event));
	if (message->sealed)
		add(object, "sealed", json_object_new_boolean(true));
	return object;
}

char *sf_json_compose_messages(
	const struct sf_json_answer *answer, const struct sf_chat *chat)
{
	struct json_object *results = make_results(answer);
	struct json_object *list = need(json_object_new_array());

	for (size_t i = 0; i < chat->message_count; i++)
		append(list, make_message(&chat->messages[i]));
	add(results, "count", json_object_new_uint64(chat->message_count));
	add_string(results, "status", sf_status_name(chat->status));
	add(results, "messages", list);
	return finish(results);
}

static struct json_object *make_queues(const struct sf_job_listing *listing)
{
	struct json_object *list = need(json_object_new_array());

	for (int state = 0; state < SF_JOB__MAX; state++) {
		struct json_object *queue = need(json_object_new_object());
		enum sf_job_state which = (enum sf_job_state)state;

		add_string(queue, "name", sf_job_state_name(which));
		add_number(
			queue, "length", (int64_t)sf_job_count(listing, which));
		append(list, queue);
	}
	return list;
}

static struct json_object *make_worker(const struct sf_job_worker *worker)
{
	struct json_object *object = need(json_object_new_object());

	add_string(object, "name", worker->name);
	add_number(object, "heartbeatMs", worker->heartbeat_ms);
	return object;
}

static struct json_object *make_job(const struct sf_job *job)
{
	struct json_object *object = need(json_object_new_object());

	add_string(object, "id", job->id);
	add_string(object, "kind", job->kind);
	add_string(object, "state", sf_job_state_name(job->state));
	add_number(object, "whenMs", job->when_ms);
	add_number(object, "starts", job->starts);
	add_number(object, "failures", job->failures);
	add_string(object, "worker", job->worker);
	add_string(object, "error", job->error);
	return object;
}

char *sf_json_compose_jobs(const struct sf_job_listing *listing)
{
	struct json_object *root = need(json_object_new_object());
	struct json_object *workers = need(json_object_new_array());
	struct json_object *jobs = need(json_object_new_array());

	for (size_t i = 0; i < listing->worker_count; i++)
		append(workers, make_worker(&listing->workers[i]));
	for (size_t i = 0; i < listing->job_count; i++)
		append(jobs, make_job(&listing->jobs[i]));
	add_number(root, "nowMs", listing->now_ms);
	add(root, "queues", make_queues(listing));
	add(root, "workers", workers);
	add(root, "jobs", jobs);
	return write_text(root);
}
