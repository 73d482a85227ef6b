/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups within one machine: a counter per user in a shared table, and a
 * futex on it. The sender counts and wakes; the waiter sleeps only if the
 * counter still is what it was before it looked.
 */
#include "wake.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "table.h"

struct sf_wake {
	struct sf_table *table;
	_Atomic uint32_t *counter; /* the prepared user's */
	uint32_t prepared;
};

enum sf_err sf_wake_open(const struct sf_config *config, struct sf_wake **out)
{
	struct sf_table *table;
	enum sf_err err = sf_table_open(config, "wake", &table);

	if (err)
		return err;
	*out = sf_alloc(sizeof(**out));
	**out = (struct sf_wake){ .table = table };
	return SF_OK;
}

void sf_wake_free(struct sf_wake *wake)
{
	if (!wake)
		return;
	sf_table_free(wake->table);
	free(wake);
}

/* A futex is 32 bits wide: the word's first half counts. */
static _Atomic uint32_t *find_counter(
	const struct sf_wake *wake, const struct sf_token *user)
{
	return (_Atomic uint32_t *)sf_table_word(
		wake->table, user->bytes, sizeof(user->bytes));
}

void sf_wake_prepare(struct sf_wake *wake, const struct sf_token *user)
{
	if (!wake)
		return;
	wake->counter = find_counter(wake, user);
	wake->prepared = atomic_load(wake->counter);
}

static void sleep_on(_Atomic uint32_t *counter, uint32_t value, int seconds)
{
	struct timespec limit = { .tv_sec = seconds };

	/* Woken, too late to sleep, time over: all mean to look again. */
	(void)syscall(SYS_futex, counter, FUTEX_WAIT, value, &limit, NULL, 0);
}

void sf_wake_wait(struct sf_wake *wake, int seconds)
{
	_Atomic uint32_t nobody = 0;
	sigset_t terminate, old;

	(void)sigemptyset(&terminate);
	(void)sigaddset(&terminate, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &terminate, &old);
	if (wake)
		sleep_on(wake->counter, wake->prepared, seconds);
	else
		sleep_on(&nobody, 0, seconds);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

void sf_wake_send(struct sf_wake *wake, const struct sf_token *user)
{
	_Atomic uint32_t *counter;

	if (!wake)
		return;
	counter = find_counter(wake, user);
	(void)atomic_fetch_add(counter, 1);
	(void)syscall(SYS_futex, counter, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
