/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups tell a waiting poll that the store has something for its user. A
 * poll prepares, looks at the store and then waits: in this order no wake-up is
 * lost between the look and the wait. A needless wake-up is harmless. If a
 * wake-up is lost for another reason, such as a Redis that is down, the poll is
 * only late: it looks at the store from time to time in any case.
 */
#ifndef SF_WAKE_H
#define SF_WAKE_H

#include "base/config.h"
#include "base/token.h"

struct sf_wake;

/*
 * Opens the wake-ups; sf_wake_free() frees `out`. SF_ERR_UNAVAILABLE: wake-ups
 * do not work, and `out` is NULL; the log says why. Every other function
 * accepts NULL as `wake`: then no poll is woken, and each wait lasts its whole
 * time.
 */
enum sf_err sf_wake_open(
	const struct sf_config *config, struct sf_wake **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_wake_free(struct sf_wake *wake);

/* Prepares a wait: a wake-up of `user` after this call ends the next wait. */
void sf_wake_prepare(struct sf_wake *wake, const struct sf_token *user);

/*
 * Sleeps until the prepared user is woken, for `limit_ms` milliseconds at most.
 * Returns false if that time has passed. During the sleep, SIGTERM ends the
 * process, even if the caller has blocked SIGTERM.
 */
bool sf_wake_wait(struct sf_wake *wake, int limit_ms);

/* Wakes every poll that waits for `user`. */
void sf_wake_send(struct sf_wake *wake, const struct sf_token *user);

#endif
