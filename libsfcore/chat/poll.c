/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A poll reads the chat, and sleeps until somebody wakes it or it is time for
 * the next look. If a wake-up is lost, that look finds the message. The length
 * of a poll is measured by the monotonic clock, so that a change of the system
 * time does not change it. The store keeps the last sign of life as wall-clock
 * time, so close_if_abandoned() uses the wall clock.
 */
#include "chat/poll.h"

#include <malloc.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "http/fdtable.h"

/* How often a sleeping poll checks whether its client has hung up. */
#define HANGUP_MS 3000

/* Timer slack: lets the kernel wake many pollers together. */
#define SLACK_NS 100000000UL

/* Without a sign of life for two whole polls, a participant has left. */
static enum sf_err close_if_abandoned(struct sf_desk *desk,
	const struct sf_config *config, const struct sf_chat *seen,
	const struct sf_participant *caller)
{
	int64_t silence_ms = 2 * config->poll_sleep_ms * config->poll_iteration;
	int64_t since_ms = sf_desk_now() - silence_ms;
	struct sf_participant other = { .chat = caller->chat,
		.user = sf_chat_other(seen, &caller->user) };
	enum sf_err err;

	if (seen->status != SF_STATUS_READY ||
		sf_chat_last_sign(seen, &other.user) > since_ms)
		return SF_OK;
	err = sf_desk_close(desk, &other, since_ms);
	return err == SF_ERR_CONFLICT ? SF_OK : err;
}

/*
 * Prepares for a long wait: gives back what is not needed, and lets the kernel
 * wake many polls at once, which halves the cost of each wake-up.
 */
static void shrink_process(void)
{
	sf_fdtable_shrink();
	(void)malloc_trim(0);
	(void)prctl(PR_SET_TIMERSLACK, SLACK_NS);
}

/* Ends early after a wake-up, and when the client has hung up. */
static void sleep_between_looks(
	struct sf_desk *desk, int64_t sleep_ms, const struct sf_hangup *hangup)
{
	for (; sleep_ms > HANGUP_MS; sleep_ms -= HANGUP_MS)
		if (sf_wake_wait(desk->wake, HANGUP_MS) ||
			sf_hangup_happened(hangup))
			return;
	(void)sf_wake_wait(desk->wake, (int)sleep_ms);
}

enum sf_err sf_poll_run(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller, const struct sf_hangup *hangup,
	struct sf_chat *out)
{
	int64_t end_ms = sf_clock_ms(CLOCK_MONOTONIC) +
			 config->poll_sleep_ms * config->poll_iteration;
	struct sf_token poll;
	enum sf_err err;

	sf_token_generate(&poll);
	err = sf_store_begin_poll(desk->store, sf_desk_now(), caller, &poll);
	if (err)
		return err;
	/* Wake the poll that this one replaces, so that it looks and ends. */
	sf_wake_send(desk->wake, &caller->user);
	for (int looks = 1;; looks++) {
		sf_wake_prepare(desk->wake, &caller->user);
		err = sf_desk_receive(desk, caller, out);
		if (err)
			return err;
		if (!sf_chat_has_poll(out, &poll)) {
			sf_chat_release(out);
			return SF_OK;
		}
		if (out->message_count > 0 || out->status == SF_STATUS_CLOSED ||
			sf_clock_ms(CLOCK_MONOTONIC) >= end_ms ||
			sf_hangup_happened(hangup))
			return SF_OK;
		err = close_if_abandoned(desk, config, out, caller);
		sf_chat_release(out);
		if (err)
			return err;
		sf_store_rest(desk->store);
		/* A poll that has slept once will probably sleep for long. */
		if (looks == 2)
			shrink_process();
		sleep_between_looks(desk, config->poll_sleep_ms, hangup);
	}
}
