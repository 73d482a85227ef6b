/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wait. Between two looks the process only sleeps; whoever stores something
 * for it wakes it, and where a wake-up is lost the next look finds it.
 */
#include "chat/poll.h"

#include <malloc.h>
#include <sys/prctl.h>

#include "http/fdtable.h"

/* However long the sleep, a client that has left is noticed so soon. */
#define CLIENT_SECONDS 3

/* How much later a look may come, to be one of many at the same moment. */
#define SLACK_NS 100000000UL

/*
 * Somebody who neither joined nor began a poll within two whole polls is gone:
 * the chat is closed in that one's name.
 */
static enum sf_err close_if_abandoned(struct sf_desk *desk,
	const struct sf_config *config, const struct sf_chat *seen,
	const struct sf_participant *who)
{
	int64_t silence_ms = 2000 * (int64_t)config->poll_sleep_seconds *
			     config->poll_iteration;
	int64_t since_ms = sf_desk_now() - silence_ms;
	const struct sf_token *other = sf_chat_other(seen, &who->user);
	struct sf_participant absent = { .chat = who->chat };
	enum sf_err err;

	if (seen->status != SF_STATUS_READY || !other ||
		sf_chat_last_sign(seen, other) > since_ms)
		return SF_OK;
	absent.user = *other;
	err = sf_desk_close(desk, &absent, since_ms);
	return err == SF_ERR_CONFLICT ? SF_OK : err;
}

static bool is_over(const struct sf_chat *seen)
{
	return seen->message_count > 0 || seen->status == SF_STATUS_CLOSED;
}

/*
 * For a long wait: gives back what is not needed, and lets the kernel wake many
 * who wait at once, which costs half as much for each of them.
 */
static void settle(void)
{
	sf_fdtable_shrink();
	(void)malloc_trim(0);
	(void)prctl(PR_SET_TIMERSLACK, SLACK_NS);
}

/* Until there may be something to see, or nobody is left to see it. */
static void sleep_between_looks(struct sf_desk *desk,
	const struct sf_config *config, const struct sf_hangup *hangup)
{
	int seconds = config->poll_sleep_seconds;

	for (; seconds > CLIENT_SECONDS; seconds -= CLIENT_SECONDS)
		if (sf_wake_wait(desk->wake, CLIENT_SECONDS) ||
			sf_hangup_happened(hangup))
			return;
	(void)sf_wake_wait(desk->wake, seconds);
}

enum sf_err sf_poll_run(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *who, const struct sf_hangup *hangup,
	struct sf_chat *out)
{
	int64_t start_ms = sf_desk_now();
	int64_t whole_ms = 1000 * (int64_t)config->poll_sleep_seconds *
			   config->poll_iteration;
	struct sf_token poll;
	enum sf_err err;

	sf_token_generate(&poll);
	err = sf_store_begin_poll(desk->store, start_ms, who, &poll);
	if (err)
		return err;
	/* The poll that this one replaces is to see that it is over. */
	sf_wake_send(desk->wake, &who->user);
	for (int looks = 1;; looks++) {
		sf_wake_prepare(desk->wake, &who->user);
		err = sf_desk_receive(desk, who, out);
		if (err)
			return err;
		if (!sf_chat_has_poll(out, &poll)) {
			sf_chat_release(out);
			return SF_OK;
		}
		if (is_over(out) || sf_desk_now() - start_ms >= whole_ms ||
			sf_hangup_happened(hangup))
			return SF_OK;
		err = close_if_abandoned(desk, config, out, who);
		sf_chat_release(out);
		if (err)
			return err;
		sf_store_rest(desk->store);
		/* Who has waited once is likely to wait long. */
		if (looks == 2)
			settle();
		sleep_between_looks(desk, config, hangup);
	}
}
