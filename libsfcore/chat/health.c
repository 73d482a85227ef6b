/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last result is one word of the tally: the time of the monotonic clock,
 * and in the lowest bit whether the site was healthy.
 */
#include "chat/health.h"

#include "base/clock.h"
#include "base/redis.h"
#include "base/tally.h"

#define SHARED_MS 1000
#define REDIS_MS 1000 /* the time for connecting, and for each command */

static enum sf_err ask_redis(const struct sf_config *config)
{
	const char *const words[] = { "PING" };
	struct sf_redis redis;
	enum sf_err err;

	if (config->redis.socket_size == 0)
		return SF_OK;
	sf_redis_init(&redis, &config->redis, REDIS_MS);
	err = sf_redis_call(&redis, 1, words, NULL);
	sf_redis_release(&redis);
	return err;
}

static enum sf_err check_parts(
	const struct sf_config *config, struct sf_store *store)
{
	enum sf_err err = sf_store_probe(store);

	return err ? err : ask_redis(config);
}

enum sf_err sf_health_check(
	const struct sf_config *config, struct sf_store *store)
{
	uint64_t now_ms = (uint64_t)sf_clock_ms(CLOCK_MONOTONIC);
	struct sf_tally *tally;
	uint64_t last;
	enum sf_err err;

	if (sf_tally_open(config, &tally) != SF_OK)
		return check_parts(config, store);
	last = atomic_load(&tally->words[SF_TALLY_HEALTH]);
	/* After a reboot the clock may be behind a time in the file: the
	 * difference, which is unsigned, is then large. */
	if (last != 0 && now_ms - (last >> 1) < SHARED_MS) {
		err = last & 1 ? SF_OK : SF_ERR_UNAVAILABLE;
	} else {
		err = check_parts(config, store);
		atomic_store(&tally->words[SF_TALLY_HEALTH],
			now_ms << 1 | (err ? 0 : 1));
	}
	sf_tally_free(tally);
	return err;
}
