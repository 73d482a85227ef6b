/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The linker puts the wrappers below in the place of clock_gettime() and
 * sf_wake_wait().
 */
#include "poller.h"
#include "base/clock.h"

#include <unistd.h>

/* The poller that runs in this process; NULL in the test itself. */
static const struct poller *self;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
bool __real_sf_wake_wait(struct sf_wake *wake, int limit_ms);
bool __wrap_sf_wake_wait(struct sf_wake *wake, int limit_ms);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	int status = __real_clock_gettime(clock, out);

	if (self && clock == CLOCK_REALTIME)
		out->tv_sec += self->step_seconds;
	return status;
}

bool __wrap_sf_wake_wait(struct sf_wake *wake, int limit_ms)
{
	return __real_sf_wake_wait(
		wake, self && self->shortens_sleep ? limit_ms / 10 : limit_ms);
}

static int run_poll(void *data, int number)
{
	struct poller *poller = data;
	const struct sf_hangup hangup = { .reply_fd = poller->reply };
	struct sf_poll_request request = poller->request;
	struct sf_desk desk = { .wake = NULL };
	struct sf_chat seen;

	(void)number;
	self = poller;
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	(void)close(poller->client_end);
	if (sf_store_open(&poller->config, &desk.store) ||
		(!poller->without_wake &&
			sf_wake_open(&poller->config, &desk.wake)))
		return 1;
	request.hangup = &hangup;
	poller->err = sf_poll_run(
		&desk, &poller->config, &poller->participant, &request, &seen);
	if (poller->err)
		return 0;
	poller->status = seen.status;
	poller->count = seen.message_count;
	if (seen.message_count)
		(void)snprintf(poller->text, sizeof(poller->text), "%s",
			seen.messages[0].text);
	return 0;
}

struct poller *make_poller(struct talk *talk,
	const struct sf_participant *participant, int sleep_ms, int iteration)
{
	struct poller *poller = support_share(sizeof(*poller));

	poller->config = talk->config;
	poller->config.poll_sleep_ms = sleep_ms;
	poller->config.poll_iteration = iteration;
	poller->participant = *participant;
	poller->request.wait_ms = INT64_MAX;
	poller->reply = poller->client_end = -1;
	return poller;
}

void start_poll(struct talk *talk, struct poller *poller)
{
	/* No handle of a store may cross a fork. */
	talk_disconnect(talk);
	poller->pid = support_start(run_poll, poller, 0);
	talk_connect(talk);
}

void finish_poll(struct poller *poller)
{
	assert_int_equal(support_finish(poller->pid), 0);
}

void free_poller(struct poller *poller)
{
	support_unshare(poller, sizeof(*poller));
}

size_t count_polls(struct talk *talk, const struct sf_participant *participant,
	struct sf_token *last)
{
	struct sf_chat seen = talk_view(talk, participant);
	size_t count = 0;

	for (size_t i = 0; i < seen.poll_count; i++) {
		if (!sf_token_equal(&seen.polls[i].user, &participant->user))
			continue;
		*last = seen.polls[i].id;
		count++;
	}
	sf_chat_release(&seen);
	return count;
}

void start_poll_and_await(struct talk *talk, struct poller *poller)
{
	const struct sf_participant *participant = &poller->participant;
	struct sf_token before = { { 0 } };
	struct sf_token now;

	(void)count_polls(talk, participant, &before);
	now = before;
	start_poll(talk, poller);
	for (int i = 0; sf_token_equal(&before, &now); i++) {
		assert_in_range(i, 0, SUPPORT_PATIENCE_SECONDS * 1000);
		(void)usleep(1000);
		(void)count_polls(talk, participant, &now);
	}
}

struct poller *start_sleeping_poll(
	struct talk *talk, const struct sf_participant *participant)
{
	struct poller *poller = make_poller(talk, participant, FOREVER_MS, 1);

	start_poll_and_await(talk, poller);
	return poller;
}
