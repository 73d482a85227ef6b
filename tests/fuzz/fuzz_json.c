/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the bodies of requests. Every accepted body keeps the protocol's
 * limits, and a reply with the accepted messages holds the same messages.
 */
#include "api/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good)
{
	if (!good)
		abort();
}

/* Makes a reply with the messages, and puts its list into a request. */
static char *make_request(const struct sf_messages *messages)
{
	struct sf_json_status ok = { 200, "Ok" };
	struct sf_chat chat = { .status = SF_STATUS_READY,
		.message_count = messages->count,
		.messages = (struct sf_message *)(uintptr_t)messages->items };
	char *answer = sf_json_compose_messages(&ok, &chat, -1);
	const char *list = strstr(answer, "\"messages\":");
	char *request = NULL;

	demand(list && asprintf(&request, "{\"data\":{%s", list) > 0);
	free(answer);
	return request;
}

static void compare(const struct sf_messages *messages)
{
	struct sf_messages again;
	struct sf_detail detail;
	char *request = make_request(messages);

	demand(sf_json_parse_messages(
		       request, strlen(request), &again, &detail) == SF_OK);
	demand(again.count == messages->count);
	for (size_t i = 0; i < again.count; i++) {
		const struct sf_message *a = &again.items[i];
		const struct sf_message *b = &messages->items[i];

		demand(strcmp(a->text, b->text) == 0);
		demand(sf_token_equal(&a->id, &b->id));
		demand(a->sealed == b->sealed);
	}
	sf_messages_release(&again);
	free(request);
}

static void parse_messages(const char *body, size_t size)
{
	struct sf_messages messages;
	struct sf_detail detail = { "" };

	if (sf_json_parse_messages(body, size, &messages, &detail)) {
		demand(*detail.text != '\0');
		return;
	}
	demand(messages.count > 0 && messages.count <= SF_MESSAGES_MAX);
	for (size_t i = 0; i < messages.count; i++)
		demand(!sf_message_check(messages.items[i].text,
			strlen(messages.items[i].text),
			messages.items[i].sealed));
	compare(&messages);
	sf_messages_release(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	struct sf_detail detail = { "" };
	struct sf_ids ids;
	struct sf_participant joiner;

	demand(sf_json_parse_join(body, size, &joiner, &detail) == SF_OK ||
		*detail.text != '\0');
	if (sf_json_parse_ids(body, size, &ids, &detail) == SF_OK)
		demand(ids.count > 0 && ids.count <= SF_IDS_MAX);
	parse_messages(body, size);
	return 0;
}
