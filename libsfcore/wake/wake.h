/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling a waiting participant that there is something to look at. Prepare
 * before looking, wait after it: then no wake-up is lost. A wake-up may come
 * for nothing, and none at all is only slow: the waiter looks again by itself.
 */
#ifndef SF_WAKE_H
#define SF_WAKE_H

#include "base/config.h"
#include "base/token.h"

struct sf_wake;

/*
 * SF_ERR_UNAVAILABLE: wake-ups cannot be had; the log says why. Every other
 * function then takes NULL: nobody is woken, and waits last their time.
 */
enum sf_err sf_wake_open(
	const struct sf_config *config, struct sf_wake **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_wake_free(struct sf_wake *wake);

/* From now on a wake-up of user ends the next wait. */
void sf_wake_prepare(struct sf_wake *wake, const struct sf_token *user);

/*
 * Sleeps until the prepared user is woken, for `limit_ms` milliseconds at most;
 * returns false when they are over. While it sleeps, SIGTERM ends the process,
 * whatever the caller has blocked.
 */
bool sf_wake_wait(struct sf_wake *wake, int limit_ms);

/* Wakes all that wait for user. */
void sf_wake_send(struct sf_wake *wake, const struct sf_token *user);

#endif
