/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Passes each call to the backend of the wake-ups. Without a backend, a wait is
 * a plain sleep.
 */
#include "wake/wake.h"

#include <poll.h>
#include <signal.h>

#include "wake/wake_backend.h"

enum sf_err sf_wake_open(const struct sf_config *config, struct sf_wake **out)
{
	*out = NULL;
	if (config->wake == SF_WAKE_REDIS)
		return sf_wake_open_redis(config, out);
	return sf_wake_open_local(config, out);
}

void sf_wake_free(struct sf_wake *wake)
{
	if (wake)
		wake->backend->free(wake);
}

void sf_wake_prepare(struct sf_wake *wake, const struct sf_token *user)
{
	if (wake)
		wake->backend->prepare(wake, user);
}

bool sf_wake_wait(struct sf_wake *wake, int limit_ms)
{
	sigset_t terminate, old;
	bool woken = false;

	(void)sigemptyset(&terminate);
	(void)sigaddset(&terminate, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &terminate, &old);
	if (wake)
		woken = wake->backend->wait(wake, limit_ms);
	else
		(void)poll(NULL, 0, limit_ms);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return woken;
}

void sf_wake_send(struct sf_wake *wake, const struct sf_token *user)
{
	if (wake)
		wake->backend->send(wake, user);
}
