/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long poll. One process polls, and the test does what ends the poll. If
 * only a wake-up may end the poll, the poll would look again after an hour, and
 * an alarm makes that a failure. The linker puts the wrappers below in the
 * place of clock_gettime() and sf_wake_wait().
 */
#include "chat/poll.h"
#include "base/clock.h"
#include "talk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOREVER_MS 3600000
#define SLEEP_MS 50

/* A poll in a process of its own, and the result. */
struct poller {
	struct sf_config config;
	struct sf_participant participant;
	bool without_wake;
	bool shortens_sleep;      /* sleeps for a tenth of each wait */
	_Atomic int step_seconds; /* the date is this far ahead */
	int reply;                /* the poll's end of the reply; -1: none */
	int client_end;           /* the client's end of the reply; -1: none */
	pid_t pid;
	enum sf_err err;
	enum sf_status status;
	size_t count;
	char text[64];
};

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
	struct sf_hangup hangup = { .reply_fd = poller->reply };
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
	poller->err = sf_poll_run(
		&desk, &poller->config, &poller->participant, &hangup, &seen);
	if (poller->err)
		return 0;
	poller->status = seen.status;
	poller->count = seen.message_count;
	if (seen.message_count)
		(void)snprintf(poller->text, sizeof(poller->text), "%s",
			seen.messages[0].text);
	return 0;
}

static struct poller *make_poller(struct talk *talk,
	const struct sf_participant *participant, int sleep_ms, int iteration)
{
	struct poller *poller = support_share(sizeof(*poller));

	poller->config = talk->config;
	poller->config.poll_sleep_ms = sleep_ms;
	poller->config.poll_iteration = iteration;
	poller->participant = *participant;
	poller->reply = poller->client_end = -1;
	return poller;
}

static void start_poll(struct talk *talk, struct poller *poller)
{
	/* No handle of a store may cross a fork. */
	talk_disconnect(talk);
	poller->pid = support_start(run_poll, poller, 0);
	talk_connect(talk);
}

static void finish_poll(struct poller *poller)
{
	assert_int_equal(support_finish(poller->pid), 0);
}

static void free_poller(struct poller *poller)
{
	support_unshare(poller, sizeof(*poller));
}

static size_t count_polls(struct talk *talk,
	const struct sf_participant *participant, struct sf_token *last)
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

/* Starts the poll, and returns once the store has recorded the poll. */
static void start_poll_and_await(struct talk *talk, struct poller *poller)
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

/* Starts a poll that only a wake-up can end. */
static struct poller *start_sleeping_poll(
	struct talk *talk, const struct sf_participant *participant)
{
	struct poller *poller = make_poller(talk, participant, FOREVER_MS, 1);

	start_poll_and_await(talk, poller);
	return poller;
}

static struct sf_desk open_desk(struct talk *talk)
{
	struct sf_desk desk = { .store = talk->store };

	assert_ok(sf_wake_open(&talk->config, &desk.wake));
	return desk;
}

static void a_waiting_message_is_returned_without_a_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	/* The message stays until the joiner acknowledges it. */
	assert_sees(talk, joiner, "ready Hi");
	free_poller(poller);
}

static void a_closed_chat_is_returned_without_a_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 0);
	free_poller(poller);
}

static void a_message_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_messages messages = talk_message("Hi");

	assert_ok(sf_desk_send(&desk, &talk->creator, &messages));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void a_join_ends_the_creators_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;
	struct sf_desk desk;

	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller = start_sleeping_poll(talk, &talk->creator);
	desk = open_desk(talk);
	assert_ok(sf_desk_join(&desk, &talk->joiner));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void a_close_ends_the_wait_of_both(void **state)
{
	struct talk *talk = *state;
	struct poller *creator = start_sleeping_poll(talk, &talk->creator);
	struct poller *joiner = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);

	assert_ok(sf_desk_close(&desk, &talk->joiner, INT64_MAX));
	finish_poll(creator);
	finish_poll(joiner);
	assert_ok(creator->err);
	assert_ok(joiner->err);
	assert_int_equal(creator->status, SF_STATUS_CLOSED);
	assert_int_equal(joiner->status, SF_STATUS_CLOSED);
	assert_int_equal(creator->count, 1);
	assert_int_equal(joiner->count, 1);
	sf_wake_free(desk.wake);
	free_poller(creator);
	free_poller(joiner);
}

static void a_newer_poll_ends_the_older_poll_of_its_user(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_sleeping_poll(talk, &talk->joiner);
	struct poller *others = start_sleeping_poll(talk, &talk->creator);
	struct poller *newer = start_sleeping_poll(talk, &talk->joiner);
	struct sf_token last;

	finish_poll(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	assert_int_equal(older->status, SF_STATUS_READY);
	assert_int_equal(count_polls(talk, &talk->joiner, &last), 1);
	/* The other user's poll still waits, and so does the newer poll. */
	assert_int_equal(kill(newer->pid, SIGTERM), 0);
	assert_int_equal(kill(others->pid, SIGTERM), 0);
	assert_int_equal(support_finish(newer->pid), 128 + SIGTERM);
	assert_int_equal(support_finish(others->pid), 128 + SIGTERM);
	free_poller(older);
	free_poller(others);
	free_poller(newer);
}

static void a_replaced_poll_takes_no_messages(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_token newer = talk_token();

	/* The next look of the older poll finds a newer poll and a message. */
	assert_ok(talk_poll(talk, &talk->joiner, &newer));
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	sf_wake_send(desk.wake, &talk->joiner.user);
	finish_poll(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	sf_wake_free(desk.wake);
	free_poller(older);
}

/* The chat is a draft: a draft is not closed for an absent talker. */
static void step_date_and_finish_poll(struct talk *talk, int step_seconds)
{
	struct poller *poller = make_poller(talk, &talk->creator, SLEEP_MS, 8);
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	assert_ok(talk_acknowledge(talk, &talk->creator));
	start_poll_and_await(talk, poller);
	poller->step_seconds = step_seconds;
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(poller->status, SF_STATUS_DRAFT);
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= 8 * SLEEP_MS);
	free_poller(poller);
}

static void a_poll_ends_when_its_iterations_are_used_up(void **state)
{
	step_date_and_finish_poll(*state, 0);
}

static void a_clock_set_back_an_hour_does_not_lengthen_a_poll(void **state)
{
	step_date_and_finish_poll(*state, -3600);
}

static void a_clock_set_ahead_an_hour_does_not_shorten_a_poll(void **state)
{
	step_date_and_finish_poll(*state, 3600);
}

static void wake_ups_for_nothing_do_not_shorten_a_poll(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->creator, 300, 1);
	struct sf_desk desk = open_desk(talk);
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	assert_ok(talk_acknowledge(talk, &talk->creator));
	start_poll(talk, poller);
	for (int i = 0; i < 50; i++) {
		sf_wake_send(desk.wake, &talk->creator.user);
		(void)usleep(5000);
	}
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= 300);
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void without_wake_ups_a_poll_finds_a_message_at_its_next_look(
	void **state)
{
	struct talk *talk = *state;
	struct poller *poller =
		make_poller(talk, &talk->joiner, SLEEP_MS, 10000);

	poller->without_wake = true;
	start_poll_and_await(talk, poller);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	free_poller(poller);
}

static void a_poll_whose_client_has_left_does_not_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	assert_int_equal(close(ends[0]), 0);
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(close(ends[1]), 0);
	free_poller(poller);
}

static void a_client_that_leaves_ends_the_sleep_of_its_poll(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	poller->client_end = ends[0];
	poller->shortens_sleep = true;
	start_poll_and_await(talk, poller);
	/* Let the poll get past its first look, into its sleep. */
	(void)usleep(100000);
	assert_int_equal(waitpid(poller->pid, NULL, WNOHANG), 0);
	assert_int_equal(close(ends[0]), 0);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(close(ends[1]), 0);
	free_poller(poller);
}

/* Replaces the chat by one whose participants joined `age_ms` ago. */
static void begin_old_chat(struct talk *talk, int age_ms)
{
	struct sf_chat chat;

	talk->now_ms = sf_desk_now() - age_ms;
	sf_chat_init(&chat, talk->now_ms);
	talk->creator.chat = talk->joiner.chat = chat.id;
	talk->creator.user = chat.users[0];
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
	assert_ok(talk_join(talk, &talk->joiner.user));
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	talk->now_ms = sf_desk_now();
}

static void the_chat_of_an_absent_talker_is_closed(void **state)
{
	struct talk *talk = *state;
	struct poller *poller =
		make_poller(talk, &talk->creator, SLEEP_MS, 100);

	/* The joiner has been silent for longer than two polls of 5 seconds. */
	begin_old_chat(talk, 11000);
	poller->participant = talk->creator;
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	assert_sees(talk, creator, "closed [closed_by_talker]");
	assert_sees(talk, joiner, "closed [closed_by_you]");
	free_poller(poller);
}

static void a_talker_may_be_silent_for_the_length_of_two_polls(void **state)
{
	static const struct {
		int age_ms;
		enum sf_status status;
	} cases[] = {
		{ 2 * FOREVER_MS - 1000 * SUPPORT_PATIENCE_SECONDS,
			SF_STATUS_READY },
		{ 2 * FOREVER_MS + 1000, SF_STATUS_CLOSED },
	};
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		struct poller *poller = make_poller(
			talk, &talk->creator, SLEEP_MS, FOREVER_MS / SLEEP_MS);

		begin_old_chat(talk, cases[i].age_ms);
		poller->participant = talk->creator;
		start_poll(talk, poller);
		(void)usleep(4000 * SLEEP_MS);
		if (cases[i].status == SF_STATUS_READY)
			assert_ok(talk_say(talk, &talk->joiner, "still here"));
		finish_poll(poller);
		assert_ok(poller->err);
		assert_int_equal(poller->status, cases[i].status);
		free_poller(poller);
	}
}

static void the_chat_of_a_talker_who_polled_stays_open(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(
		talk, &talk->creator, SLEEP_MS, FOREVER_MS / SLEEP_MS);
	struct sf_token poll = talk_token();

	begin_old_chat(talk, 3 * FOREVER_MS);
	assert_ok(talk_poll(talk, &talk->joiner, &poll));
	poller->participant = talk->creator;
	start_poll(talk, poller);
	(void)usleep(4000 * SLEEP_MS);
	assert_ok(talk_say(talk, &talk->joiner, "still here"));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	free_poller(poller);
}

static void a_draft_is_not_closed_for_an_absent_talker(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->creator, SLEEP_MS, 1);
	struct sf_chat chat;

	sf_chat_init(&chat, sf_desk_now() - 3600 * 1000);
	talk->creator.chat = chat.id;
	talk->creator.user = chat.users[0];
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
	talk->now_ms = sf_desk_now();
	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller->participant = talk->creator;
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_DRAFT);
	free_poller(poller);
}

static void a_chat_that_expires_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;

	talk_disconnect(talk);
	talk->config.chat_lifetime_seconds = 1;
	talk_connect(talk);
	poller = make_poller(talk, &talk->joiner, SLEEP_MS, 10000);
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	free_poller(poller);
}

static void the_poll_of_a_stranger_is_refused(void **state)
{
	struct talk *talk = *state;
	struct sf_participant stranger = { talk->creator.chat, talk_token() };
	struct poller *poller = make_poller(talk, &stranger, FOREVER_MS, 1);

	start_poll(talk, poller);
	finish_poll(poller);
	assert_int_equal(poller->err, SF_ERR_UNAUTHORIZED);
	free_poller(poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(a_waiting_message_is_returned_without_a_wait),
		with_ready(a_closed_chat_is_returned_without_a_wait),
		with_ready(a_message_ends_the_wait),
		with_draft(a_join_ends_the_creators_wait),
		with_ready(a_close_ends_the_wait_of_both),
		with_ready(a_newer_poll_ends_the_older_poll_of_its_user),
		with_ready(a_replaced_poll_takes_no_messages),
		with_draft(a_poll_ends_when_its_iterations_are_used_up),
		with_draft(a_clock_set_back_an_hour_does_not_lengthen_a_poll),
		with_draft(a_clock_set_ahead_an_hour_does_not_shorten_a_poll),
		with_draft(wake_ups_for_nothing_do_not_shorten_a_poll),
		with_ready(
			without_wake_ups_a_poll_finds_a_message_at_its_next_look),
		with_ready(a_poll_whose_client_has_left_does_not_wait),
		with_ready(a_client_that_leaves_ends_the_sleep_of_its_poll),
		with_ready(the_chat_of_an_absent_talker_is_closed),
		with_ready(a_talker_may_be_silent_for_the_length_of_two_polls),
		with_ready(the_chat_of_a_talker_who_polled_stays_open),
		with_draft(a_draft_is_not_closed_for_an_absent_talker),
		with_ready(a_chat_that_expires_ends_the_wait),
		with_ready(the_poll_of_a_stranger_is_refused),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
