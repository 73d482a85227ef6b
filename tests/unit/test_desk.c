/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actions of participants, with a real store and wake-ups. A waiter that
 * is not woken would sleep for an hour; an alarm makes that a failure.
 */
#include "chat/desk.h"
#include "base/clock.h"
#include "talk.h"

#include <unistd.h>

#define FOREVER_MS 3600000

static struct sf_desk open_desk(struct talk *talk)
{
	struct sf_desk desk = { .store = talk->store };

	assert_ok(sf_wake_open(&talk->config, &desk.wake));
	return desk;
}

static struct sf_wake *prepare_wait(
	struct talk *talk, const struct sf_participant *waiter)
{
	struct sf_wake *wake;

	assert_ok(sf_wake_open(&talk->config, &wake));
	sf_wake_prepare(wake, &waiter->user);
	return wake;
}

static void assert_woken(struct sf_wake *wake)
{
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	assert_true(sf_wake_wait(wake, FOREVER_MS));
	(void)alarm(0);
	sf_wake_free(wake);
}

static void now_is_the_date_in_milliseconds(void **state)
{
	int64_t before_ms = sf_clock_ms(CLOCK_REALTIME);
	int64_t now_ms = sf_desk_now();

	(void)state;
	assert_in_range(now_ms, before_ms, sf_clock_ms(CLOCK_REALTIME));
}

static void create_makes_a_chat_for_its_creator(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = open_desk(talk);
	int64_t before_ms = sf_desk_now();
	struct sf_chat seen;

	assert_ok(sf_desk_create(&desk, &talk->creator));
	assert_ok(sf_desk_receive(&desk, &talk->creator, &seen));
	assert_int_equal(seen.status, SF_STATUS_DRAFT);
	assert_int_equal(seen.message_count, 1);
	assert_in_range(seen.created_ms, before_ms, sf_desk_now());
	sf_chat_release(&seen);
	sf_wake_free(desk.wake);
}

static void a_join_wakes_the_creator(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = open_desk(talk);
	struct sf_wake *creator = prepare_wait(talk, &talk->creator);
	struct sf_participant third;

	assert_ok(sf_desk_join(&desk, &talk->joiner));
	assert_woken(creator);
	assert_sees(talk, joiner, "ready [ready]");
	assert_sees(talk, creator, "ready [created] [joined]");
	third = (struct sf_participant){ talk->joiner.chat, talk_token() };
	assert_int_equal(sf_desk_join(&desk, &third), SF_ERR_CONFLICT);
	sf_wake_free(desk.wake);
}

static void a_message_wakes_its_receiver(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = open_desk(talk);
	struct sf_wake *joiner = prepare_wait(talk, &talk->joiner);
	struct sf_messages messages = talk_message("Hi");
	struct sf_ids ids = { { messages.items[0].id }, 1 };

	assert_ok(sf_desk_send(&desk, &talk->creator, &messages));
	assert_woken(joiner);
	assert_sees(talk, joiner, "ready Hi");
	assert_ok(sf_desk_acknowledge(&desk, &talk->joiner, &ids));
	assert_sees(talk, joiner, "ready");
	sf_wake_free(desk.wake);
}

static void a_close_wakes_both_participants(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = open_desk(talk);
	struct sf_wake *creator = prepare_wait(talk, &talk->creator);
	struct sf_wake *joiner = prepare_wait(talk, &talk->joiner);

	assert_ok(sf_desk_close(&desk, &talk->joiner));
	assert_woken(creator);
	assert_woken(joiner);
	assert_sees(talk, creator, "closed [closed_by_talker]");
	assert_sees(talk, joiner, "closed [closed_by_you]");
	sf_wake_free(desk.wake);
}

static void giving_up_an_absent_participant_wakes_both(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = open_desk(talk);
	struct sf_wake *creator;
	struct sf_wake *joiner;

	assert_refused(talk,
		sf_desk_give_up(
			&desk, sf_desk_now(), &talk->creator, FOREVER_MS),
		SF_ERR_CONFLICT);
	creator = prepare_wait(talk, &talk->creator);
	joiner = prepare_wait(talk, &talk->joiner);
	assert_ok(sf_desk_give_up(&desk, sf_desk_now() + 2 * FOREVER_MS,
		&talk->creator, FOREVER_MS));
	assert_woken(creator);
	assert_woken(joiner);
	assert_sees(talk, creator, "closed [absent]");
	assert_sees(talk, joiner, "closed [was_absent]");
	sf_wake_free(desk.wake);
}

static void every_action_works_without_wake_ups(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = { .store = talk->store };
	struct sf_messages messages = talk_message("Hi");

	assert_ok(sf_desk_join(&desk, &talk->joiner));
	assert_ok(sf_desk_send(&desk, &talk->creator, &messages));
	assert_ok(sf_desk_close(&desk, &talk->creator));
	assert_sees(talk, joiner, "closed [ready] Hi [closed_by_talker]");
}

static void a_refusal_by_the_store_is_returned(void **state)
{
	struct talk *talk = *state;
	struct sf_desk desk = { .store = talk->store };
	struct sf_participant nobody = { talk_token(), talk_token() };
	struct sf_chat seen;
	struct sf_messages messages = talk_message("Hi");
	struct sf_ids ids = { { messages.items[0].id }, 1 };

	assert_int_equal(sf_desk_join(&desk, &nobody), SF_ERR_NOT_FOUND);
	assert_int_equal(
		sf_desk_receive(&desk, &nobody, &seen), SF_ERR_UNAUTHORIZED);
	assert_int_equal(
		sf_desk_send(&desk, &nobody, &messages), SF_ERR_UNAUTHORIZED);
	assert_int_equal(sf_desk_send(&desk, &talk->creator, &messages),
		SF_ERR_CONFLICT);
	assert_int_equal(
		sf_desk_acknowledge(&desk, &nobody, &ids), SF_ERR_UNAUTHORIZED);
	assert_int_equal(sf_desk_close(&desk, &nobody), SF_ERR_UNAUTHORIZED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_is_the_date_in_milliseconds),
		with_draft(create_makes_a_chat_for_its_creator),
		with_draft(a_join_wakes_the_creator),
		with_ready(a_message_wakes_its_receiver),
		with_ready(a_close_wakes_both_participants),
		with_ready(giving_up_an_absent_participant_wakes_both),
		with_draft(every_action_works_without_wake_ups),
		with_draft(a_refusal_by_the_store_is_returned),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
