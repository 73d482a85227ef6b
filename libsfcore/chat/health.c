/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All processes of a machine share one word of the tally: a time of the
 * monotonic clock, and three bits. If CLAIMED is set, a process began a check
 * at that time; otherwise a check ended then. A process that is killed leaves
 * its claim, which expires. If KNOWN is set, HEALTHY is the last result.
 */
#include "chat/health.h"

#include <poll.h>

#include "base/clock.h"
#include "base/redis.h"
#include "base/tally.h"

#define CLAIMED 1
#define KNOWN 2
#define HEALTHY 4
#define BITS 3

#define SHARED_MS 1000
/* While a check runs, the result before it is good for so long. */
#define USABLE_MS 5000
/* No check of a site that works takes so long. */
#define CLAIM_MS 5000
#define REDIS_MS 1000 /* the time for connecting, and for each command */

/* A process that waits for a result looks so often, and so many times. */
#define LOOK_MS 20
#define LOOKS_MAX (2 * CLAIM_MS / LOOK_MS)

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

static uint64_t compose_word(uint64_t bits)
{
	return (uint64_t)sf_clock_ms(CLOCK_MONOTONIC) << BITS | bits;
}

/*
 * Reads the clock after the word was read, so the time in the word has passed.
 * After a reboot the clock may be behind the word: the difference, which is
 * unsigned, is then large.
 */
static bool is_younger(uint64_t word, uint64_t limit_ms)
{
	return (uint64_t)sf_clock_ms(CLOCK_MONOTONIC) - (word >> BITS) <
	       limit_ms;
}

static bool is_check_due(uint64_t word)
{
	if (word & CLAIMED)
		return !is_younger(word, CLAIM_MS);
	return !(word & KNOWN) || !is_younger(word, SHARED_MS);
}

/* A claim keeps the last result for the others, unless that is too old. */
static bool claim_check(_Atomic uint64_t *shared, uint64_t word)
{
	uint64_t kept = 0;

	if (!(word & CLAIMED) && is_younger(word, USABLE_MS))
		kept = word & (KNOWN | HEALTHY);
	return atomic_compare_exchange_strong(
		shared, &word, compose_word(CLAIMED | kept));
}

static enum sf_err share_check(const struct sf_config *config,
	struct sf_store *store, _Atomic uint64_t *shared)
{
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		uint64_t word = atomic_load(shared);

		if (is_check_due(word)) {
			enum sf_err err;

			if (!claim_check(shared, word))
				continue;
			err = check_parts(config, store);
			atomic_store(shared,
				compose_word(KNOWN | (err ? 0 : HEALTHY)));
			return err;
		}
		if (word & KNOWN)
			return word & HEALTHY ? SF_OK : SF_ERR_UNAVAILABLE;
		(void)poll(NULL, 0, LOOK_MS);
	}
	return SF_ERR_UNAVAILABLE;
}

enum sf_err sf_health_check(
	const struct sf_config *config, struct sf_store *store)
{
	struct sf_tally *tally;
	enum sf_err err;

	if (sf_tally_open(config, &tally) != SF_OK)
		return check_parts(config, store);
	err = share_check(config, store, &tally->words[SF_TALLY_HEALTH]);
	sf_tally_free(tally);
	return err;
}
