/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of a chat's life. Every rule checks everything before it changes
 * anything, so that a refused rule leaves the chat as it was.
 */
#include "model/chat.h"

#include "base/mem.h"

_Static_assert(SF_IDS_MAX >= SF_CHAT_WAITING_MAX,
	"one DELETE can acknowledge all messages that sf_chat_push() lets "
	"wait");

static const char *const status_names[SF_STATUS__MAX] = {
	[SF_STATUS_DRAFT] = "draft",
	[SF_STATUS_READY] = "ready",
	[SF_STATUS_CLOSED] = "closed",
};

const char *sf_status_name(enum sf_status status)
{
	return status_names[status];
}

enum sf_err sf_status_parse(const char *name, enum sf_status *out)
{
	for (int status = 0; status < SF_STATUS__MAX; status++) {
		if (strcmp(status_names[status], name) == 0) {
			*out = (enum sf_status)status;
			return SF_OK;
		}
	}
	return SF_ERR_INVALID;
}

static void append_event(struct sf_chat *chat, enum sf_event event,
	const struct sf_token *receiver)
{
	struct sf_message message;

	sf_message_init_system(&message, event, &chat->id, receiver);
	sf_chat_append(chat, &message);
}

void sf_chat_init(struct sf_chat *out, int64_t now_ms)
{
	*out = (struct sf_chat){
		.status = SF_STATUS_DRAFT,
		.created_ms = now_ms,
		.user_count = 1,
	};
	sf_token_generate(&out->id);
	sf_token_generate(&out->users[0]);
	append_event(out, SF_EVENT_CREATED, &out->users[0]);
}

void sf_chat_append(struct sf_chat *chat, const struct sf_message *message)
{
	/* The array's size is at least the count rounded up to a power of two,
	 * so the array is full only if the count is a power of two or 0. */
	size_t count = chat->message_count;

	if ((count & (count - 1)) == 0)
		chat->messages = sf_realloc(chat->messages,
			count ? 2 * count : 1, sizeof(*chat->messages));
	chat->messages[chat->message_count++] = *message;
}

void sf_chat_release(struct sf_chat *chat)
{
	for (size_t i = 0; i < chat->message_count; i++)
		sf_message_release(&chat->messages[i]);
	free(chat->messages);
	chat->messages = NULL;
	chat->message_count = 0;
}

/*
 * Compares with every id, without an early return, so that the time does not
 * tell which one matched.
 */
static bool is_in(
	const struct sf_token *id, const struct sf_token *ids, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found |= sf_token_equal(id, &ids[i]);
	return found;
}

bool sf_chat_has_user(const struct sf_chat *chat, const struct sf_token *user)
{
	return is_in(user, chat->users, chat->user_count);
}

struct sf_token sf_chat_other(
	const struct sf_chat *chat, const struct sf_token *user)
{
	size_t index = sf_chat_index(chat, user);

	return chat->users[chat->user_count == 2 ? 1 - index : index];
}

size_t sf_chat_index(const struct sf_chat *chat, const struct sf_token *user)
{
	return chat->user_count == 2 && sf_token_equal(&chat->users[1], user);
}

bool sf_chat_has_poll(const struct sf_chat *chat, const struct sf_token *id)
{
	for (size_t i = 0; i < chat->poll_count; i++)
		if (sf_token_equal(&chat->polls[i].id, id))
			return true;
	return false;
}

/* The index of the poll of `user`, or `chat->poll_count` if there is none. */
static size_t find_poll(const struct sf_chat *chat, const struct sf_token *user)
{
	size_t i = 0;

	while (i < chat->poll_count &&
		!sf_token_equal(&chat->polls[i].user, user))
		i++;
	return i;
}

int64_t sf_chat_last_sign(
	const struct sf_chat *chat, const struct sf_token *user)
{
	size_t i = find_poll(chat, user);

	return i < chat->poll_count ? chat->polls[i].created_ms : 0;
}

/* Until when the user of `poll` may be silent. */
static int64_t get_until(
	const struct sf_poll *poll, int64_t now_ms, int64_t usual_ms)
{
	int64_t since_ms =
		poll->created_ms < now_ms ? poll->created_ms : now_ms;

	return since_ms +
	       (poll->until_ms ? poll->until_ms - poll->created_ms : usual_ms);
}

bool sf_chat_has_sign(const struct sf_chat *chat, const struct sf_token *user,
	int64_t since_ms, int64_t away_ms)
{
	size_t i = find_poll(chat, user);

	return i < chat->poll_count && chat->polls[i].created_ms >= since_ms &&
	       chat->polls[i].until_ms - chat->polls[i].created_ms == away_ms;
}

bool sf_chat_is_absent(const struct sf_chat *chat, const struct sf_token *user,
	int64_t now_ms, int64_t usual_ms)
{
	size_t i = find_poll(chat, user);

	return chat->status == SF_STATUS_READY && i < chat->poll_count &&
	       get_until(&chat->polls[i], now_ms, usual_ms) < now_ms;
}

static void replace_poll(struct sf_chat *chat, const struct sf_poll *poll)
{
	size_t kept = 0;

	for (size_t i = 0; i < chat->poll_count; i++)
		if (!sf_token_equal(&chat->polls[i].user, &poll->user))
			chat->polls[kept++] = chat->polls[i];
	/* Two participants have two polls. Only a damaged document has more. */
	if (kept == SF_CHAT_POLLS_MAX)
		kept--;
	chat->polls[kept++] = *poll;
	chat->poll_count = kept;
}

/*
 * A join counts as a sign of life of both: the creator may have left the page
 * to send the code. The patience of each begins anew and is as long as before.
 */
static void record_sign(
	struct sf_chat *chat, const struct sf_token *user, int64_t now_ms)
{
	struct sf_poll poll = { .user = *user, .created_ms = now_ms };
	size_t i = find_poll(chat, user);

	if (i < chat->poll_count)
		poll = chat->polls[i];
	else
		sf_token_generate(&poll.id);
	if (poll.until_ms)
		poll.until_ms += now_ms - poll.created_ms;
	poll.created_ms = now_ms;
	replace_poll(chat, &poll);
}

enum sf_err sf_chat_join(
	struct sf_chat *chat, const struct sf_token *user, int64_t now_ms)
{
	if (chat->status == SF_STATUS_CLOSED)
		return SF_ERR_NOT_FOUND;
	if (chat->user_count == 2 && sf_token_equal(&chat->users[1], user))
		return SF_OK;
	if (chat->status != SF_STATUS_DRAFT || chat->user_count != 1 ||
		sf_token_equal(&chat->users[0], user))
		return SF_ERR_CONFLICT;
	chat->status = SF_STATUS_READY;
	chat->users[chat->user_count++] = *user;
	record_sign(chat, &chat->users[0], now_ms);
	record_sign(chat, user, now_ms);
	append_event(chat, SF_EVENT_JOINED, &chat->users[0]);
	append_event(chat, SF_EVENT_READY, user);
	return SF_OK;
}

static size_t count_waiting(
	const struct sf_chat *chat, const struct sf_token *user)
{
	size_t count = 0;

	for (size_t i = 0; i < chat->message_count; i++)
		count += sf_token_equal(&chat->messages[i].receiver, user);
	return count;
}

static bool does_wait(const struct sf_chat *chat, const struct sf_token *id,
	const struct sf_token *receiver)
{
	for (size_t i = 0; i < chat->message_count; i++)
		if (sf_token_equal(&chat->messages[i].receiver, receiver) &&
			sf_token_equal(&chat->messages[i].id, id))
			return true;
	return false;
}

/* Where sf_chat_push() stores a message, and where it remembers the id. */
struct delivery {
	struct sf_chat *chat;
	struct sf_sent *sent;
	struct sf_token receiver;
};

static bool is_known(
	const struct delivery *delivery, const struct sf_message *message)
{
	const struct sf_sent *sent = delivery->sent;

	return message->chosen_id &&
	       (is_in(&message->id, sent->ids, sent->count) ||
		       does_wait(delivery->chat, &message->id,
			       &delivery->receiver));
}

static void remember(struct sf_sent *sent, const struct sf_token *id)
{
	if (sent->count == SF_CHAT_SENT_MAX) {
		sent->count--;
		memmove(sent->ids, sent->ids + 1,
			sent->count * sizeof(*sent->ids));
	}
	sent->ids[sent->count++] = *id;
}

static void deliver(
	const struct delivery *delivery, const struct sf_message *sent)
{
	struct sf_message message = *sent;

	if (is_known(delivery, sent))
		return;
	message.text = sf_strdup(sent->text);
	message.receiver = delivery->receiver;
	sf_chat_append(delivery->chat, &message);
	if (message.chosen_id)
		remember(delivery->sent, &message.id);
}

enum sf_err sf_chat_push(struct sf_chat *chat, const struct sf_token *sender,
	const struct sf_messages *messages)
{
	struct delivery delivery = {
		.chat = chat,
		.sent = &chat->sent[sf_chat_index(chat, sender)],
		.receiver = sf_chat_other(chat, sender),
	};
	size_t waiting = count_waiting(chat, &delivery.receiver);

	if (chat->status == SF_STATUS_CLOSED)
		return SF_ERR_CLOSED;
	if (chat->status != SF_STATUS_READY || chat->user_count < 2)
		return SF_ERR_CONFLICT;
	for (size_t i = 0; i < messages->count; i++)
		waiting += !is_known(&delivery, &messages->items[i]);
	if (waiting > SF_CHAT_WAITING_MAX)
		return SF_ERR_TOO_MANY;
	for (size_t i = 0; i < messages->count; i++)
		deliver(&delivery, &messages->items[i]);
	return SF_OK;
}

/* Drops these messages to `user`; if `ids` is NULL, all messages to others. */
static void drop_messages(struct sf_chat *chat, const struct sf_token *user,
	const struct sf_ids *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < chat->message_count; i++) {
		struct sf_message *message = &chat->messages[i];
		bool own = sf_token_equal(&message->receiver, user);

		if (ids ? own && is_in(&message->id, ids->items, ids->count)
			: !own)
			sf_message_release(message);
		else
			chat->messages[kept++] = *message;
	}
	chat->message_count = kept;
}

void sf_chat_pull(struct sf_chat *chat, const struct sf_token *user,
	const struct sf_ids *ids)
{
	drop_messages(chat, user, ids);
}

void sf_chat_narrow(struct sf_chat *chat, const struct sf_token *user)
{
	drop_messages(chat, user, NULL);
}

static void close_chat(struct sf_chat *chat, const struct sf_token *user,
	enum sf_event event, enum sf_event event_of_other)
{
	if (chat->status == SF_STATUS_CLOSED)
		return;
	chat->status = SF_STATUS_CLOSED;
	for (size_t i = 0; i < chat->user_count; i++)
		append_event(chat,
			sf_token_equal(&chat->users[i], user) ? event
							      : event_of_other,
			&chat->users[i]);
}

void sf_chat_close(struct sf_chat *chat, const struct sf_token *closer)
{
	close_chat(chat, closer, SF_EVENT_CLOSED_BY_YOU,
		SF_EVENT_CLOSED_BY_TALKER);
}

void sf_chat_give_up(struct sf_chat *chat, const struct sf_token *user)
{
	close_chat(chat, user, SF_EVENT_WAS_ABSENT, SF_EVENT_ABSENT);
}

void sf_chat_begin_poll(struct sf_chat *chat, const struct sf_poll *poll,
	const struct sf_patience *patience)
{
	const int64_t now_ms = poll->created_ms;
	const int64_t usual_ms = patience->usual_ms;
	struct sf_token other = sf_chat_other(chat, &poll->user);
	size_t i = find_poll(chat, &other);

	if (now_ms - sf_chat_last_sign(chat, &poll->user) > patience->gap_ms &&
		i < chat->poll_count &&
		get_until(&chat->polls[i], now_ms, usual_ms) <
			now_ms + usual_ms)
		chat->polls[i].until_ms = now_ms + usual_ms;
	replace_poll(chat, poll);
}

static bool is_over_lifetime(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms)
{
	return chat->status != SF_STATUS_CLOSED &&
	       now_ms - chat->created_ms >= lifetime_ms;
}

bool sf_chat_expire(struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms)
{
	if (!is_over_lifetime(chat, now_ms, lifetime_ms))
		return false;
	sf_chat_release(chat);
	chat->status = SF_STATUS_CLOSED;
	for (size_t i = 0; i < chat->user_count; i++)
		append_event(
			chat, SF_EVENT_CLOSED_AUTOMATICALLY, &chat->users[i]);
	return true;
}

bool sf_chat_is_removable(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms)
{
	return now_ms - chat->created_ms >= lifetime_ms + SF_CHAT_GRACE_MS ||
	       (chat->status == SF_STATUS_CLOSED && chat->message_count == 0);
}

bool sf_chat_is_due(
	const struct sf_chat *chat, int64_t now_ms, int64_t lifetime_ms)
{
	return is_over_lifetime(chat, now_ms, lifetime_ms) ||
	       sf_chat_is_removable(chat, now_ms, lifetime_ms);
}
