/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups between machines: the waiter subscribes to the channel of its user,
 * and the sender publishes there. The first use connects. While Redis is
 * unreachable, every `sf_wake_prepare()` tries again, so that a waiter which
 * only looks from time to time is woken again as soon as Redis is back.
 *
 * The name of a channel is a hash of the user token under a key that all
 * machines share, so neither Redis nor anybody who watches Redis sees a token.
 * The key is no secret. The token stays secret because the hash has 64 bits and
 * the token 96: four thousand million tokens fit each channel. Besides, a user
 * token is worthless without the token of its chat, which Redis never receives.
 * If two users share a channel, each only looks at the store once too often.
 */
#include "wake/wake_backend.h"

#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/redis.h"

/*
 * Kept short: the participant who sends a message waits for the wake-up to be
 * sent.
 */
#define TIMEOUT_MS 500

#define CHANNEL_MAX 40

struct remote {
	struct sf_wake wake;
	struct sf_redis link;
	char channel[CHANNEL_MAX]; /* that `link` listens to; "": none */
};

static void name_channel(const struct sf_token *user, char out[CHANNEL_MAX])
{
	static const uint8_t key[SF_HASH_KEY_SIZE] = "sfchat wake-up 1";

	(void)snprintf(out, CHANNEL_MAX, "sfchat:wake:%016" PRIx64,
		sf_hash_keyed(key, user->bytes, sizeof(user->bytes)));
}

static void stop_listening(struct remote *remote)
{
	sf_redis_release(&remote->link);
	remote->channel[0] = '\0';
}

static void free_remote(struct sf_wake *wake)
{
	struct remote *remote = (struct remote *)wake;

	sf_redis_release(&remote->link);
	free(remote);
}

static void prepare_remote(struct sf_wake *wake, const struct sf_token *user)
{
	struct remote *remote = (struct remote *)wake;
	char channel[CHANNEL_MAX];
	const char *const words[] = { "SUBSCRIBE", channel };
	redisReply *reply;

	name_channel(user, channel);
	if (strcmp(channel, remote->channel) == 0)
		return;
	if (*remote->channel)
		stop_listening(remote);
	if (sf_redis_call(&remote->link, 2, words, &reply) != SF_OK)
		return;
	freeReplyObject(reply);
	memcpy(remote->channel, channel, sizeof(channel));
}

/*
 * Takes the messages that were read. Returns whether there was a message or the
 * connection has ended.
 */
static bool take_messages(struct remote *remote)
{
	bool taken = false;
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(remote->link.context, &reply) !=
			REDIS_OK) {
			stop_listening(remote);
			return true;
		}
		if (!reply)
			return taken;
		freeReplyObject(reply);
		taken = true;
	}
}

/* Waits for a message on the channel, or for the end of the connection. */
static void listen_once(struct remote *remote, int timeout_ms)
{
	struct pollfd ready = {
		.fd = remote->link.context->fd,
		.events = POLLIN,
	};

	if (poll(&ready, 1, timeout_ms) > 0 &&
		redisBufferRead(remote->link.context) != REDIS_OK)
		stop_listening(remote);
}

static bool wait_remote(struct sf_wake *wake, int limit_ms)
{
	struct remote *remote = (struct remote *)wake;
	int64_t end_ms = sf_clock_ms(CLOCK_MONOTONIC) + limit_ms;
	int64_t left_ms = limit_ms;

	/* A message may have arrived together with the reply to SUBSCRIBE. */
	while (left_ms > 0 && *remote->channel) {
		if (take_messages(remote) && *remote->channel)
			return true;
		if (*remote->channel)
			listen_once(remote, (int)left_ms);
		left_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);
	}
	/*
	 * When Redis dies, every waiter notices at once. Sleep out the rest, so
	 * that they do not all look at the store together.
	 */
	if (left_ms > 0)
		(void)poll(NULL, 0, (int)left_ms);
	return false;
}

static void publish(struct sf_redis *link, const struct sf_token *user)
{
	char channel[CHANNEL_MAX];
	const char *const words[] = { "PUBLISH", channel, "" };
	redisReply *reply;

	name_channel(user, channel);
	if (sf_redis_call(link, 3, words, &reply) == SF_OK)
		freeReplyObject(reply);
}

static void send_remote(struct sf_wake *wake, const struct sf_token *user)
{
	struct remote *remote = (struct remote *)wake;
	struct sf_redis other;

	if (!*remote->channel) {
		publish(&remote->link, user);
		return;
	}
	/* A connection in subscribe mode cannot PUBLISH. */
	sf_redis_init(&other, &remote->link.address, TIMEOUT_MS);
	publish(&other, user);
	sf_redis_release(&other);
}

enum sf_err sf_wake_open_redis(
	const struct sf_config *config, struct sf_wake **out)
{
	static const struct sf_wake_backend backend = {
		free_remote,
		prepare_remote,
		wait_remote,
		send_remote,
	};
	struct remote *remote = sf_alloc(sizeof(*remote));

	*remote = (struct remote){ .wake = { &backend } };
	sf_redis_init(&remote->link, &config->redis, TIMEOUT_MS);
	*out = &remote->wake;
	return SF_OK;
}
