/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups within one machine: a counter per user in a shared table, and a
 * futex on the counter. The sender increments the counter and wakes; the waiter
 * sleeps only if the counter has not changed since the waiter prepared.
 */
#include "wake/wake_backend.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/shared_words.h"

struct local {
	struct sf_wake wake;
	struct sf_shared_words *words;
	_Atomic uint32_t *counter; /* of the prepared user */
	uint32_t prepared;
};

static void free_local(struct sf_wake *wake)
{
	struct local *local = (struct local *)wake;

	sf_shared_words_free(local->words);
	free(local);
}

/* The counter is the first half of the word, because a futex has 32 bits. */
static _Atomic uint32_t *find_counter(
	const struct local *local, const struct sf_token *user)
{
	return (_Atomic uint32_t *)sf_shared_words_find(
		local->words, user->bytes, sizeof(user->bytes));
}

static void prepare_local(struct sf_wake *wake, const struct sf_token *user)
{
	struct local *local = (struct local *)wake;

	local->counter = find_counter(local, user);
	local->prepared = atomic_load(local->counter);
}

static bool wait_local(struct sf_wake *wake, int limit_ms)
{
	const struct local *local = (const struct local *)wake;
	struct timespec limit = {
		.tv_sec = limit_ms / 1000,
		.tv_nsec = limit_ms % 1000 * 1000000,
	};

	/*
	 * EAGAIN: the counter changed before the sleep. Treat EAGAIN, like
	 * EINTR, as a wake-up.
	 */
	return syscall(SYS_futex, local->counter, FUTEX_WAIT, local->prepared,
		       &limit, NULL, 0) == 0 ||
	       errno != ETIMEDOUT;
}

static void send_local(struct sf_wake *wake, const struct sf_token *user)
{
	_Atomic uint32_t *counter =
		find_counter((const struct local *)wake, user);

	(void)atomic_fetch_add(counter, 1);
	(void)syscall(SYS_futex, counter, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

enum sf_err sf_wake_open_local(
	const struct sf_config *config, struct sf_wake **out)
{
	static const struct sf_wake_backend backend = {
		free_local,
		prepare_local,
		wait_local,
		send_local,
	};
	struct sf_shared_words *words;
	enum sf_err err = sf_shared_words_open(config, "wake", &words);
	struct local *local;

	if (err)
		return err;
	local = sf_alloc(sizeof(*local));
	*local = (struct local){ .wake = { &backend }, .words = words };
	*out = &local->wake;
	return SF_OK;
}
