/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long poll. One process polls, the test does what ends the poll; where it
 * must be ended by a wake-up, the next look would come after an hour, and an
 * alarm makes that a failure.
 */
#include "chat/poll.h"
#include "talk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOREVER_SECONDS 3600
#define PATIENCE_SECONDS 30

/* A poll in a process of its own, and what came of it. */
struct poller {
	struct sf_config config;
	struct sf_participant who;
	bool without_wake;
	int reply; /* of its client */
	int far;   /* the client's end of it, which is not the poll's */
	pid_t pid;
	enum sf_err err;
	enum sf_status status;
	size_t count;
	char text[64];
};

static int run_poll(void *data, int number)
{
	struct poller *poller = data;
	struct sf_hangup hangup = { .reply = poller->reply };
	struct sf_desk desk = { .wake = NULL };
	struct sf_chat seen;

	(void)number;
	(void)alarm(PATIENCE_SECONDS);
	(void)close(poller->far);
	if (sf_store_open(&poller->config, &desk.store) ||
		(!poller->without_wake &&
			sf_wake_open(&poller->config, &desk.wake)))
		return 1;
	poller->err = sf_poll_run(
		&desk, &poller->config, &poller->who, &hangup, &seen);
	if (poller->err)
		return 0;
	poller->status = seen.status;
	poller->count = seen.message_count;
	if (seen.message_count)
		(void)snprintf(poller->text, sizeof(poller->text), "%s",
			seen.messages[0].text);
	return 0;
}

static struct poller *start(struct talk *talk, const struct sf_participant *who,
	int sleep_seconds, int iteration)
{
	struct poller *poller = support_share(sizeof(*poller));

	poller->config = talk->config;
	poller->config.poll_sleep_seconds = sleep_seconds;
	poller->config.poll_iteration = iteration;
	poller->who = *who;
	poller->reply = poller->far = -1;
	return poller;
}

static void go(struct talk *talk, struct poller *poller)
{
	/* No handle crosses a fork. */
	talk_disconnect(talk);
	poller->pid = support_start(run_poll, poller, 0);
	talk_connect(talk);
}

static void end(struct poller *poller)
{
	assert_int_equal(support_finish(poller->pid), 0);
}

static void forget(struct poller *poller)
{
	support_unshare(poller, sizeof(*poller));
}

static size_t count_polls(struct talk *talk, const struct sf_participant *who,
	struct sf_token *last)
{
	struct sf_chat seen = talk_view(talk, who);
	size_t count = 0;

	for (size_t i = 0; i < seen.poll_count; i++) {
		if (!sf_token_equal(&seen.polls[i].user, &who->user))
			continue;
		*last = seen.polls[i].id;
		count++;
	}
	sf_chat_release(&seen);
	return count;
}

/* Starts a poll that only a wake-up can end, and returns when it is there. */
static struct poller *start_waiting(
	struct talk *talk, const struct sf_participant *who)
{
	struct poller *poller = start(talk, who, FOREVER_SECONDS, 1);
	struct sf_token before = { { 0 } };
	struct sf_token now;

	(void)count_polls(talk, who, &before);
	now = before;
	go(talk, poller);
	for (int i = 0; sf_token_equal(&before, &now); i++) {
		assert_in_range(i, 0, PATIENCE_SECONDS * 1000);
		(void)usleep(1000);
		(void)count_polls(talk, who, &now);
	}
	return poller;
}

static struct sf_desk open_desk(struct talk *talk)
{
	struct sf_desk desk = { .store = talk->store };

	assert_ok(sf_wake_open(&talk->config, &desk.wake));
	return desk;
}

static void what_waits_already_is_returned_at_once(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, FOREVER_SECONDS, 1);

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	/* It stays until it is acknowledged. */
	assert_sees(talk, joiner, "ready Hi");
	forget(poller);
}

static void a_closed_chat_is_returned_at_once(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, FOREVER_SECONDS, 1);

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 0);
	forget(poller);
}

static void a_message_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start_waiting(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_message message = { .id = talk_token(),
		.text = (char[]){ "Hi" } };

	assert_ok(sf_desk_send(&desk, &talk->creator, &message, 1));
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	sf_wake_free(desk.wake);
	forget(poller);
}

static void a_join_ends_the_creators_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;
	struct sf_desk desk;

	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller = start_waiting(talk, &talk->creator);
	desk = open_desk(talk);
	assert_ok(sf_desk_join(&desk, &talk->joiner));
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	sf_wake_free(desk.wake);
	forget(poller);
}

static void a_close_ends_the_wait_of_both(void **state)
{
	struct talk *talk = *state;
	struct poller *creator = start_waiting(talk, &talk->creator);
	struct poller *joiner = start_waiting(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);

	assert_ok(sf_desk_close(&desk, &talk->joiner, INT64_MAX));
	end(creator);
	end(joiner);
	assert_ok(creator->err);
	assert_ok(joiner->err);
	assert_int_equal(creator->status, SF_STATUS_CLOSED);
	assert_int_equal(joiner->status, SF_STATUS_CLOSED);
	assert_int_equal(creator->count, 1);
	assert_int_equal(joiner->count, 1);
	sf_wake_free(desk.wake);
	forget(creator);
	forget(joiner);
}

static void a_newer_poll_ends_the_older(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_waiting(talk, &talk->joiner);
	struct poller *others = start_waiting(talk, &talk->creator);
	struct poller *newer = start_waiting(talk, &talk->joiner);
	struct sf_token last;

	end(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	assert_int_equal(older->status, SF_STATUS_READY);
	assert_int_equal(count_polls(talk, &talk->joiner, &last), 1);
	/* The other's goes on, and so does the newer. */
	assert_int_equal(kill(newer->pid, SIGTERM), 0);
	assert_int_equal(kill(others->pid, SIGTERM), 0);
	assert_int_equal(support_finish(newer->pid), 128 + SIGTERM);
	assert_int_equal(support_finish(others->pid), 128 + SIGTERM);
	forget(older);
	forget(others);
	forget(newer);
}

static void a_replaced_poll_takes_no_messages(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_waiting(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_token newer = talk_token();

	/* The newer one is there, and a message, when the older one looks. */
	assert_ok(talk_poll(talk, &talk->joiner, &newer));
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	sf_wake_send(desk.wake, &talk->joiner.user);
	end(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	sf_wake_free(desk.wake);
	forget(older);
}

static void a_poll_ends_when_its_iterations_are_used_up(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, 1, 2);
	int64_t start_ms = sf_desk_now();

	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_in_range(
		sf_desk_now() - start_ms, 1900, PATIENCE_SECONDS * 1000);
	forget(poller);
}

static void wake_ups_for_nothing_do_not_shorten_a_poll(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, 1, 1);
	struct sf_desk desk = open_desk(talk);
	int64_t start_ms = sf_desk_now();

	go(talk, poller);
	for (int i = 0; i < 50; i++) {
		sf_wake_send(desk.wake, &talk->joiner.user);
		(void)usleep(5000);
	}
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_in_range(sf_desk_now() - start_ms, 950, PATIENCE_SECONDS * 1000);
	sf_wake_free(desk.wake);
	forget(poller);
}

static void without_wake_ups_the_next_look_finds_it(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, 1, PATIENCE_SECONDS);

	poller->without_wake = true;
	go(talk, poller);
	(void)usleep(200000);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	forget(poller);
}

static void a_poll_whose_client_has_left_does_not_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, FOREVER_SECONDS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	assert_int_equal(close(ends[0]), 0);
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(close(ends[1]), 0);
	forget(poller);
}

static void a_client_that_leaves_ends_however_long_a_sleep(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->joiner, FOREVER_SECONDS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	poller->far = ends[0];
	go(talk, poller);
	/* Past its first look. */
	(void)usleep(500000);
	assert_int_equal(waitpid(poller->pid, NULL, WNOHANG), 0);
	assert_int_equal(close(ends[0]), 0);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(close(ends[1]), 0);
	forget(poller);
}

/* Both joined so long ago; the store is asked at that time. */
static void begin_long_ago(struct talk *talk, int seconds)
{
	struct sf_chat chat;

	talk->now_ms = sf_desk_now() - seconds * 1000;
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

static void an_absent_talker_is_given_up(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->creator, 1, 5);

	/* Longer than two polls of five seconds. */
	begin_long_ago(talk, 11);
	poller->who = talk->creator;
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	assert_sees(talk, creator, "closed [closed_by_talker]");
	assert_sees(talk, joiner, "closed [closed_by_you]");
	forget(poller);
}

static void two_polls_long_a_talker_may_be_silent(void **state)
{
	static const struct {
		int seconds;
		enum sf_status status;
	} cases[] = { { 190, SF_STATUS_READY }, { 201, SF_STATUS_CLOSED } };
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		struct poller *poller = start(talk, &talk->creator, 1, 100);

		begin_long_ago(talk, cases[i].seconds);
		poller->who = talk->creator;
		go(talk, poller);
		(void)usleep(500000);
		(void)!talk_say(talk, &talk->joiner, "still here");
		end(poller);
		assert_ok(poller->err);
		assert_int_equal(poller->status, cases[i].status);
		forget(poller);
	}
}

static void a_talker_who_polled_is_not_given_up(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->creator, 1, 2);
	struct sf_token poll = talk_token();

	begin_long_ago(talk, 3600);
	assert_ok(talk_poll(talk, &talk->joiner, &poll));
	poller->who = talk->creator;
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 0);
	forget(poller);
}

static void nobody_is_absent_from_a_draft(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start(talk, &talk->creator, 1, 1);
	struct sf_chat chat;

	sf_chat_init(&chat, sf_desk_now() - 3600 * 1000);
	talk->creator.chat = chat.id;
	talk->creator.user = chat.users[0];
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
	talk->now_ms = sf_desk_now();
	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller->who = talk->creator;
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_DRAFT);
	forget(poller);
}

static void a_chat_that_expires_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;

	talk_disconnect(talk);
	talk->config.chat_lifetime_seconds = 2;
	talk_connect(talk);
	poller = start(talk, &talk->joiner, 1, PATIENCE_SECONDS);
	go(talk, poller);
	end(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	forget(poller);
}

static void a_stranger_does_not_wait(void **state)
{
	struct talk *talk = *state;
	struct sf_participant stranger = { talk->creator.chat, talk_token() };
	struct poller *poller = start(talk, &stranger, FOREVER_SECONDS, 1);

	go(talk, poller);
	end(poller);
	assert_int_equal(poller->err, SF_ERR_UNAUTHORIZED);
	forget(poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(what_waits_already_is_returned_at_once),
		with_ready(a_closed_chat_is_returned_at_once),
		with_ready(a_message_ends_the_wait),
		with_draft(a_join_ends_the_creators_wait),
		with_ready(a_close_ends_the_wait_of_both),
		with_ready(a_newer_poll_ends_the_older),
		with_ready(a_replaced_poll_takes_no_messages),
		with_ready(a_poll_ends_when_its_iterations_are_used_up),
		with_ready(wake_ups_for_nothing_do_not_shorten_a_poll),
		with_ready(without_wake_ups_the_next_look_finds_it),
		with_ready(a_poll_whose_client_has_left_does_not_wait),
		with_ready(a_client_that_leaves_ends_however_long_a_sleep),
		with_ready(an_absent_talker_is_given_up),
		with_ready(two_polls_long_a_talker_may_be_silent),
		with_ready(a_talker_who_polled_is_not_given_up),
		with_draft(nobody_is_absent_from_a_draft),
		with_ready(a_chat_that_expires_ends_the_wait),
		with_ready(a_stranger_does_not_wait),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
