/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the stored document. What is read obeys the rules whatever it holds,
 * and what is written after them is read as the same again.
 */
#include "model/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIFETIME_MS 86400000

static void demand(bool good)
{
	if (!good)
		abort();
}

/* Writes and reads again; the copies are one and the same. */
static void pass_on(const struct sf_document *document)
{
	struct sf_document again;
	size_t size;
	size_t size_again;
	uint8_t *data = sf_codec_encode(document, &size);
	uint8_t *data_again;

	demand(sf_codec_decode(data, size, NULL, &again) == SF_OK);
	demand(again.message_count == document->message_count);
	data_again = sf_codec_encode(&again, &size_again);
	demand(size == size_again && memcmp(data, data_again, size) == 0);
	free(data);
	free(data_again);
	sf_document_release(&again);
}

static void talk(struct sf_document *document)
{
	struct sf_message messages[] = {
		{ .chosen_id = true, .text = (char[]){ "one" } },
		{ .sealed = true, .text = (char[]){ "two" } },
	};
	struct sf_token first = document->users[0];
	struct sf_poll poll = { .user = first, .created_ms = 1 };
	enum sf_err err = sf_document_push(document, &first, messages, 2);

	demand(err == SF_OK || err == SF_ERR_CLOSED || err == SF_ERR_CONFLICT ||
		err == SF_ERR_TOO_MANY);
	pass_on(document);
	sf_document_begin_poll(document, &poll);
	demand(sf_document_has_poll(document, &poll.id));
	pass_on(document);
	sf_document_pull(document, &first, document->sent[0].ids,
		document->sent[0].count);
	pass_on(document);
}

static void live(struct sf_document *document)
{
	struct sf_token joiner = { { 1 } };
	int64_t now_ms = document->created_ms / 2;

	pass_on(document);
	if (sf_document_join(document, &joiner, now_ms) == SF_OK)
		demand(sf_document_has_user(document, &joiner));
	talk(document);
	if (sf_document_expire(document, now_ms, LIFETIME_MS))
		demand(document->status == SF_STATUS_CLOSED);
	sf_document_close(document, &joiner);
	demand(document->status == SF_STATUS_CLOSED);
	pass_on(document);
	(void)sf_document_is_forgotten(document, now_ms, LIFETIME_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sf_document document;
	struct sf_token nobody = { { 2 } };

	if (sf_codec_decode(data, size, NULL, &document) == SF_OK)
		live(&document);
	sf_document_release(&document);
	if (sf_codec_decode(data, size, &nobody, &document) == SF_OK)
		for (size_t i = 0; i < document.message_count; i++)
			demand(sf_token_equal(
				&document.messages[i].to, &nobody));
	sf_document_release(&document);
	return 0;
}
