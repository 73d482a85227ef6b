/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generic cell rate algorithm (ITU-T I.371): each address has one time, at
 * which its allowance is whole again. Each creation moves that time on by one
 * interval. A creation that would move it more than an hour ahead is refused.
 */
#include "chat/limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/shared_words.h"

#define HOUR_MS (3600 * 1000)
/* How long a process may take from reading the clock to changing the word. */
#define SKEW_MS 60000

struct source {
	uint8_t bytes[16];
};

/* A household or server may use any address of its /64, so the /64 counts. */
static struct source parse_address(const char *address)
{
	struct source source = { .bytes = { 0 } };
	struct in6_addr six;

	if (inet_pton(AF_INET6, address, &six) != 1)
		(void)inet_pton(AF_INET, address, source.bytes);
	else if (IN6_IS_ADDR_V4MAPPED(&six))
		memcpy(source.bytes, six.s6_addr + 12, 4);
	else
		memcpy(source.bytes, six.s6_addr, 8);
	return source;
}

static enum sf_err count_one(_Atomic uint64_t *word, int64_t now_ms,
	int64_t interval_ms, int64_t *retry_seconds)
{
	uint64_t old = atomic_load(word);
	int64_t full_ms;

	do {
		full_ms = (int64_t)old > now_ms ? (int64_t)old : now_ms;
		/* A value this far ahead is from before a reboot, which resets
		 * the monotonic clock. Start over. */
		if (full_ms - now_ms > HOUR_MS + SKEW_MS)
			full_ms = now_ms;
		full_ms += interval_ms;
		if (full_ms - now_ms > HOUR_MS) {
			*retry_seconds =
				(full_ms - now_ms - HOUR_MS + 999) / 1000;
			return SF_ERR_TOO_MANY;
		}
	} while (!atomic_compare_exchange_weak(word, &old, (uint64_t)full_ms));
	return SF_OK;
}

enum sf_err sf_limit_count(const struct sf_config *config, const char *address,
	int64_t now_ms, int64_t *retry_seconds)
{
	struct source source = parse_address(address);
	struct sf_shared_words *words;
	enum sf_err err;

	if (config->create_limit == 0 ||
		sf_shared_words_open(config, "limit", &words) != SF_OK)
		return SF_OK;
	err = count_one(
		sf_shared_words_find(words, source.bytes, sizeof(source.bytes)),
		now_ms, HOUR_MS / config->create_limit, retry_seconds);
	sf_shared_words_free(words);
	return err;
}
