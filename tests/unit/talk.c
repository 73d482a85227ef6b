/* SPDX-License-Identifier: BSD-3-Clause */
/* A chat in a store, for tests. */
#include "talk.h"

#include <inttypes.h>

#include "base/mem.h"

struct sf_token talk_token(void)
{
	struct sf_token token;

	sf_token_generate(&token);
	return token;
}

void talk_connect(struct talk *talk)
{
	assert_ok(sf_store_open(&talk->config, &talk->store));
}

void talk_disconnect(struct talk *talk)
{
	sf_store_free(talk->store);
	talk->store = NULL;
}

void talk_begin_draft(struct talk *talk)
{
	struct sf_chat draft;

	/* The real time: MongoDB removes old chats by the real time itself. */
	talk->now_ms = (int64_t)time(NULL) * 1000;
	sf_chat_init(&draft, talk->now_ms);
	talk->creator.chat = draft.id;
	talk->creator.user = draft.users[0];
	talk->joiner.chat = draft.id;
	talk->joiner.user = talk_token();
	assert_ok(sf_store_insert(talk->store, &draft));
	sf_chat_release(&draft);
}

void talk_begin_ready(struct talk *talk)
{
	talk_begin_draft(talk);
	assert_ok(talk_join(talk, &talk->joiner.user));
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->joiner));
}

int talk_make_draft(void **state)
{
	struct talk *talk = sf_alloc(sizeof(*talk));

	*state = talk;
	talk->config = support_config();
	talk->lifetime_ms = talk->config.chat_lifetime_seconds * 1000;
	talk_connect(talk);
	talk_begin_draft(talk);
	return 0;
}

int talk_make_ready(void **state)
{
	(void)talk_make_draft(state);
	talk_begin_ready(*state);
	return 0;
}

int talk_free(void **state)
{
	talk_disconnect(*state);
	free(*state);
	return 0;
}

static void print_view(FILE *out, const struct sf_chat *seen)
{
	(void)fputs(sf_status_name(seen->status), out);
	for (size_t i = 0; i < seen->message_count; i++) {
		const struct sf_message *message = &seen->messages[i];

		if (message->event)
			(void)fprintf(
				out, " [%s]", sf_event_name(message->event));
		else
			(void)fprintf(out, " %s", message->text);
	}
}

const char *talk_see(
	struct talk *talk, const struct sf_participant *participant)
{
	FILE *out = fmemopen(talk->seen, sizeof(talk->seen), "w");
	struct sf_chat seen;
	enum sf_err err =
		sf_store_view(talk->store, talk->now_ms, participant, &seen);

	assert_non_null(out);
	if (err) {
		assert_int_equal(err, SF_ERR_UNAUTHORIZED);
		(void)fputc('-', out);
	} else {
		print_view(out, &seen);
		sf_chat_release(&seen);
	}
	(void)fclose(out);
	return talk->seen;
}

static void print_token(FILE *out, const struct sf_token *token)
{
	char digits[SF_TOKEN_DIGITS + 1];

	sf_token_format(token, digits);
	(void)fprintf(out, "%s ", digits);
}

static void print_whole(FILE *out, const struct sf_chat *seen)
{
	print_token(out, &seen->id);
	(void)fprintf(out, "%s %" PRId64 "\nusers ",
		sf_status_name(seen->status), seen->created_ms);
	for (size_t i = 0; i < seen->user_count; i++)
		print_token(out, &seen->users[i]);
	for (size_t i = 0; i < seen->poll_count; i++) {
		(void)fprintf(
			out, "\npoll %" PRId64 " ", seen->polls[i].created_ms);
		print_token(out, &seen->polls[i].id);
		print_token(out, &seen->polls[i].user);
	}
	for (size_t i = 0; i < seen->message_count; i++) {
		const struct sf_message *message = &seen->messages[i];

		(void)fprintf(out, "\nmessage %s %s %s ",
			sf_event_name(message->event),
			message->sealed ? "sealed" : "open", message->text);
		print_token(out, &message->id);
		print_token(out, &message->receiver);
	}
	(void)fputc('\n', out);
}

char *talk_snapshot(struct talk *talk)
{
	const struct sf_participant *both[] = { &talk->creator, &talk->joiner };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < 2; i++) {
		struct sf_chat seen;
		enum sf_err err = sf_store_view(
			talk->store, talk->now_ms, both[i], &seen);

		(void)fprintf(out, "view %d\n", (int)err);
		if (err)
			continue;
		print_whole(out, &seen);
		sf_chat_release(&seen);
	}
	(void)fclose(out);
	return text;
}

struct sf_messages talk_message(const char *text)
{
	return (struct sf_messages){
		{ { .id = talk_token(), .text = (char *)(uintptr_t)text } },
		1,
	};
}

enum sf_err talk_say(struct talk *talk, const struct sf_participant *sender,
	const char *text)
{
	struct sf_messages messages = talk_message(text);
	struct sf_token receiver;

	return sf_store_push(
		talk->store, talk->now_ms, sender, &messages, &receiver);
}

enum sf_err talk_say_as(struct talk *talk, const struct sf_participant *sender,
	const struct sf_token *id, const char *text)
{
	struct sf_messages messages = talk_message(text);
	struct sf_token receiver;

	messages.items[0].id = *id;
	messages.items[0].chosen_id = true;
	return sf_store_push(
		talk->store, talk->now_ms, sender, &messages, &receiver);
}

struct sf_chat talk_view(
	struct talk *talk, const struct sf_participant *participant)
{
	struct sf_chat seen;

	assert_ok(sf_store_view(talk->store, talk->now_ms, participant, &seen));
	return seen;
}

enum sf_err talk_join(struct talk *talk, const struct sf_token *user)
{
	struct sf_participant joiner = { talk->creator.chat, *user };
	struct sf_token creator;

	return sf_store_join(talk->store, talk->now_ms, &joiner, &creator);
}

enum sf_err talk_pull(struct talk *talk,
	const struct sf_participant *participant, const struct sf_token *ids,
	size_t count)
{
	struct sf_ids list = { .count = count };

	assert_true(count <= SF_IDS_MAX);
	memcpy(list.items, ids, count * sizeof(*ids));
	return sf_store_pull(talk->store, talk->now_ms, participant, &list);
}

enum sf_err talk_acknowledge(
	struct talk *talk, const struct sf_participant *participant)
{
	struct sf_ids ids = { .count = 0 };
	struct sf_chat seen;
	enum sf_err err =
		sf_store_view(talk->store, talk->now_ms, participant, &seen);

	if (err)
		return err;
	assert_true(seen.message_count <= SF_IDS_MAX);
	for (; ids.count < seen.message_count; ids.count++)
		ids.items[ids.count] = seen.messages[ids.count].id;
	sf_chat_release(&seen);
	return sf_store_pull(talk->store, talk->now_ms, participant, &ids);
}

void assert_gone(struct talk *talk)
{
	struct sf_chat chat;

	assert_sees(talk, creator, "-");
	assert_sees(talk, joiner, "-");
	/* A chat that is only hidden would keep its token from a new chat. */
	sf_chat_init(&chat, talk->now_ms);
	chat.id = talk->creator.chat;
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
}

const struct sf_patience talk_patience = {
	.away_ms = 20000,
	.usual_ms = 10000,
	.gap_ms = 6000,
};

enum sf_err talk_give_up(struct talk *talk, const struct sf_participant *caller)
{
	struct sf_token other;

	return sf_store_give_up(talk->store, talk->now_ms, caller,
		talk_patience.usual_ms, &other);
}

enum sf_err talk_end(struct talk *talk, const struct sf_participant *closer)
{
	struct sf_token other;

	return sf_store_close(talk->store, talk->now_ms, closer, &other);
}

enum sf_err talk_poll(struct talk *talk,
	const struct sf_participant *participant, const struct sf_token *id)
{
	return sf_store_begin_poll(
		talk->store, talk->now_ms, participant, id, &talk_patience);
}
