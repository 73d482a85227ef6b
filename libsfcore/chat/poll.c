/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A poll reads the chat, and sleeps until somebody wakes it or it is time for
 * the next look. If a wake-up is lost, that look finds the message. The length
 * of a poll is measured by the monotonic clock, so that setting the date does
 * not change it. The store keeps signs of life as dates, so absence is judged
 * by the date, and a poll that sees the date leap registers itself anew.
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

/* A poll under way. */
struct poll {
	struct sf_desk *desk;
	const struct sf_participant *caller;
	const struct sf_hangup *hangup;
	struct sf_patience patience;
	struct sf_token id;
	int64_t sleep_ms;  /* between two looks */
	int64_t end_ms;    /* of the monotonic clock */
	int64_t offset_ms; /* how far the date is ahead of that clock */
};

static struct poll make_poll(struct sf_desk *desk,
	const struct sf_config *config, const struct sf_participant *caller,
	const struct sf_poll_request *request)
{
	const int64_t longest_ms =
		config->poll_sleep_ms * config->poll_iteration;
	const int64_t lifetime_ms = 1000 * config->chat_lifetime_seconds;
	int64_t wait_ms = request->wait_ms;
	int64_t away_ms = request->away_ms;

	if (wait_ms > longest_ms)
		wait_ms = longest_ms;
	if (away_ms > lifetime_ms)
		away_ms = lifetime_ms;
	if (away_ms < 2 * longest_ms)
		away_ms = 2 * longest_ms;
	return (struct poll){
		.desk = desk,
		.caller = caller,
		.hangup = request->hangup,
		.patience = { away_ms, 2 * longest_ms,
			longest_ms + config->poll_sleep_ms },
		.sleep_ms = config->poll_sleep_ms,
		.end_ms = sf_clock_ms(CLOCK_MONOTONIC) + wait_ms,
		.offset_ms = sf_desk_now() - sf_clock_ms(CLOCK_MONOTONIC),
	};
}

/* Registers the poll, and wakes the one that it replaces: that one is over. */
static enum sf_err register_poll(struct poll *poll)
{
	enum sf_err err;

	sf_token_generate(&poll->id);
	err = sf_store_begin_poll(poll->desk->store, sf_desk_now(),
		poll->caller, &poll->id, &poll->patience);
	if (!err)
		sf_wake_send(poll->desk->wake, &poll->caller->user);
	return err;
}

/*
 * Gives the other participant up if that one is absent; the store judges again.
 * If the date has leapt, nobody is judged by it: the poll registers itself
 * anew, which gives the other one time to do the same.
 */
static enum sf_err judge_other(struct poll *poll, const struct sf_chat *seen)
{
	const int64_t usual_ms = poll->patience.usual_ms;
	const int64_t now_ms = sf_desk_now();
	const int64_t leap_ms =
		now_ms - sf_clock_ms(CLOCK_MONOTONIC) - poll->offset_ms;
	struct sf_token other = sf_chat_other(seen, &poll->caller->user);
	enum sf_err err;

	if (leap_ms > poll->sleep_ms || leap_ms < -poll->sleep_ms) {
		poll->offset_ms += leap_ms;
		return register_poll(poll);
	}
	if (!sf_chat_is_absent(seen, &other, now_ms, usual_ms))
		return SF_OK;
	err = sf_desk_give_up(poll->desk, now_ms, poll->caller, usual_ms);
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
static void sleep_until_look(const struct poll *poll)
{
	int64_t sleep_ms = poll->end_ms - sf_clock_ms(CLOCK_MONOTONIC);

	if (sleep_ms > poll->sleep_ms)
		sleep_ms = poll->sleep_ms;
	for (; sleep_ms > HANGUP_MS; sleep_ms -= HANGUP_MS)
		if (sf_wake_wait(poll->desk->wake, HANGUP_MS) ||
			sf_hangup_happened(poll->hangup))
			return;
	if (sleep_ms > 0)
		(void)sf_wake_wait(poll->desk->wake, (int)sleep_ms);
}

/* Reads the chat into `out`. Returns whether the poll ends with it. */
static bool look(const struct poll *poll, struct sf_chat *out, enum sf_err *err)
{
	sf_wake_prepare(poll->desk->wake, &poll->caller->user);
	*err = sf_desk_receive(poll->desk, poll->caller, out);
	if (*err)
		return true;
	if (!sf_chat_has_poll(out, &poll->id)) {
		sf_chat_release(out);
		return true;
	}
	return out->message_count > 0 || out->status == SF_STATUS_CLOSED ||
	       sf_clock_ms(CLOCK_MONOTONIC) >= poll->end_ms ||
	       sf_hangup_happened(poll->hangup);
}

enum sf_err sf_poll_run(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller,
	const struct sf_poll_request *request, struct sf_chat *out)
{
	struct poll poll = make_poll(desk, config, caller, request);
	enum sf_err err;

	err = register_poll(&poll);
	if (err)
		return err;
	for (int looks = 1; !look(&poll, out, &err); looks++) {
		err = judge_other(&poll, out);
		sf_chat_release(out);
		if (err)
			return err;
		sf_store_rest(desk->store);
		/* A poll that has slept once will probably sleep for long. */
		if (looks == 2)
			shrink_process();
		sleep_until_look(&poll);
	}
	return err;
}

enum sf_err sf_poll_look(struct sf_desk *desk, const struct sf_config *config,
	const struct sf_participant *caller,
	const struct sf_poll_request *request, struct sf_chat *out)
{
	struct poll poll = make_poll(desk, config, caller, request);
	enum sf_err err = sf_desk_receive(desk, caller, out);

	if (err ||
		sf_chat_has_sign(out, &caller->user,
			sf_desk_now() - poll.sleep_ms, poll.patience.away_ms))
		return err;
	err = register_poll(&poll);
	if (err)
		sf_chat_release(out);
	return err;
}
