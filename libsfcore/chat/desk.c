/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each function but sf_desk_now() calls one verb of the store. join, send,
 * close and sweep then wake the polls that may wait for the change.
 */
#include "chat/desk.h"

#include "base/clock.h"

/*
 * How long sf_desk_sweep() may spend on wake-ups. A poll that it does not wake
 * in this time finds the change at its next look.
 */
#define WAKING_MS 1000

int64_t sf_desk_now(void)
{
	return sf_clock_ms(CLOCK_REALTIME);
}

enum sf_err sf_desk_create(struct sf_desk *desk, struct sf_participant *out)
{
	struct sf_chat chat;
	enum sf_err err;

	sf_chat_init(&chat, sf_desk_now());
	out->chat = chat.id;
	out->user = chat.users[0];
	err = sf_store_insert(desk->store, &chat);
	sf_chat_release(&chat);
	return err;
}

enum sf_err sf_desk_join(
	struct sf_desk *desk, const struct sf_participant *joiner)
{
	struct sf_token creator;
	enum sf_err err =
		sf_store_join(desk->store, sf_desk_now(), joiner, &creator);

	if (!err)
		sf_wake_send(desk->wake, &creator);
	return err;
}

enum sf_err sf_desk_send(struct sf_desk *desk,
	const struct sf_participant *caller, const struct sf_messages *messages)
{
	struct sf_token receiver;
	enum sf_err err = sf_store_push(
		desk->store, sf_desk_now(), caller, messages, &receiver);

	if (!err)
		sf_wake_send(desk->wake, &receiver);
	return err;
}

enum sf_err sf_desk_receive(struct sf_desk *desk,
	const struct sf_participant *caller, struct sf_chat *out)
{
	return sf_store_view(desk->store, sf_desk_now(), caller, out);
}

int64_t sf_desk_silence(const struct sf_chat *seen, const struct sf_token *user)
{
	struct sf_token other = sf_chat_other(seen, user);
	int64_t silent_ms = sf_desk_now() - sf_chat_last_sign(seen, &other);

	if (seen->status != SF_STATUS_READY)
		return -1;
	return silent_ms > 0 ? silent_ms / 60000 : 0;
}

enum sf_err sf_desk_acknowledge(struct sf_desk *desk,
	const struct sf_participant *caller, const struct sf_ids *ids)
{
	return sf_store_pull(desk->store, sf_desk_now(), caller, ids);
}

enum sf_err sf_desk_close(
	struct sf_desk *desk, const struct sf_participant *closer)
{
	struct sf_token other;
	enum sf_err err =
		sf_store_close(desk->store, sf_desk_now(), closer, &other);

	if (err)
		return err;
	sf_wake_send(desk->wake, &closer->user);
	sf_wake_send(desk->wake, &other);
	return SF_OK;
}

enum sf_err sf_desk_give_up(struct sf_desk *desk, int64_t now_ms,
	const struct sf_participant *caller, int64_t usual_ms)
{
	struct sf_token other;
	enum sf_err err =
		sf_store_give_up(desk->store, now_ms, caller, usual_ms, &other);

	if (err)
		return err;
	sf_wake_send(desk->wake, &caller->user);
	sf_wake_send(desk->wake, &other);
	return SF_OK;
}

enum sf_err sf_desk_sweep(struct sf_desk *desk, struct sf_sweep *sweep)
{
	enum sf_err err = sf_store_sweep(desk->store, sf_desk_now(), sweep);
	int64_t end_ms = sf_clock_ms(CLOCK_MONOTONIC) + WAKING_MS;

	if (err)
		return err;
	for (size_t i = 0; i < sweep->to_wake_count &&
			   sf_clock_ms(CLOCK_MONOTONIC) < end_ms;
		i++)
		sf_wake_send(desk->wake, &sweep->to_wake[i]);
	return SF_OK;
}
