/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups between machines: the waiter subscribes to the channel of its user,
 * and the sender publishes there. The first use connects. While Redis is
 * unreachable, every sf_wake_prepare() tries to connect, so that wake-ups work
 * again as soon as Redis does.
 *
 * The name of a channel is a hash of the user token under a key that all
 * machines share, so neither Redis nor anybody who watches Redis sees a token.
 * The key is no secret. The token stays secret because the hash has 64 bits and
 * the token 96: four thousand million tokens fit each channel. Besides, a user
 * token is worthless without the token of its chat, which Redis never receives.
 * If two users share a channel, a wake-up for one of them also wakes the other,
 * who then looks at the store in vain.
 */
#include "wake/wake_backend.h"

#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/redis.h"

/* Short, because a request that sends a message waits for Redis. */
#define TIMEOUT_MS 500

#define CHANNEL_MAX 40

struct remote {
	struct sf_wake wake;
	struct sf_redis link;
	/* The channel that `link` is subscribed to; "": none. */
	char channel[CHANNEL_MAX];
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

	name_channel(user, channel);
	if (strcmp(channel, remote->channel) == 0)
		return;
	if (*remote->channel)
		stop_listening(remote);
	if (sf_redis_call(&remote->link, 2, words, NULL) == SF_OK)
		memcpy(remote->channel, channel, sizeof(channel));
}

/*
 * Waits for a message on the channel, and takes all that have come by then.
 * Returns whether there was one.
 */
static bool take_messages(struct remote *remote, int timeout_ms)
{
	bool taken = false;
	redisReply *reply;
	enum sf_err err;

	while ((err = sf_redis_receive(&remote->link, taken ? 0 : timeout_ms,
			&reply)) == SF_OK) {
		freeReplyObject(reply);
		taken = true;
	}
	if (err == SF_ERR_UNAVAILABLE)
		stop_listening(remote);
	return taken;
}

static bool wait_remote(struct sf_wake *wake, int limit_ms)
{
	struct remote *remote = (struct remote *)wake;
	int64_t end_ms = sf_clock_ms(CLOCK_MONOTONIC) + limit_ms;
	int64_t left_ms = limit_ms;

	/* A message may have arrived together with the reply to SUBSCRIBE. */
	while (left_ms > 0 && *remote->channel) {
		if (take_messages(remote, (int)left_ms))
			return true;
		left_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);
	}
	/*
	 * When Redis stops, all waiters notice at the same moment. Sleep for
	 * the rest of the time, so that they do not all look at the store at
	 * once.
	 */
	if (left_ms > 0)
		(void)poll(NULL, 0, (int)left_ms);
	return false;
}

static void publish_wake_up(struct sf_redis *link, const struct sf_token *user)
{
	char channel[CHANNEL_MAX];
	const char *const words[] = { "PUBLISH", channel, "" };

	name_channel(user, channel);
	/* Without a wake-up the poll looks later by itself. */
	(void)!sf_redis_call(link, 3, words, NULL);
}

static void send_remote(struct sf_wake *wake, const struct sf_token *user)
{
	struct remote *remote = (struct remote *)wake;
	struct sf_redis other;

	if (!*remote->channel) {
		publish_wake_up(&remote->link, user);
		return;
	}
	/* A connection in subscribe mode cannot PUBLISH. */
	sf_redis_init(&other, &remote->link.address, TIMEOUT_MS);
	publish_wake_up(&other, user);
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
