/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: the sweep over all chats. Each test
 * starts with one chat in an otherwise empty store, because a sweep counts the
 * chats of other tests too.
 */
#include "talk.h"

#define MANY (3 * SF_STORE_SWEEP_MAX)

/*
 * Sweeps all chats once, at `talk->now_ms`. Stores in `count` how often the
 * sweep named `user` as somebody to wake.
 */
static struct sf_sweep sweep_and_count_wake_ups(
	struct talk *talk, const struct sf_token *user, int *count)
{
	struct sf_sweep sweep = { .done = false };

	*count = 0;
	while (!sweep.done) {
		assert_ok(sf_store_sweep(talk->store, talk->now_ms, &sweep));
		for (size_t i = 0; i < sweep.to_wake_count; i++)
			*count += sf_token_equal(&sweep.to_wake[i], user);
	}
	return sweep;
}

static struct sf_sweep sweep_all(struct talk *talk)
{
	int count;

	return sweep_and_count_wake_ups(talk, &talk->creator.user, &count);
}

static void assert_sweeps(struct talk *talk, int closed, int removed)
{
	struct sf_sweep swept = sweep_all(talk);

	assert_int_equal(swept.closed, closed);
	assert_int_equal(swept.removed, removed);
	assert_int_equal(swept.unreadable, 0);
}

static int make_ready_alone(void **state)
{
	struct talk *talk;

	(void)talk_make_ready(state);
	talk = *state;
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS;
	(void)sweep_all(talk);
	talk_begin_ready(talk);
	return 0;
}

static void a_sweep_leaves_a_chat_within_its_lifetime(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	talk->now_ms += talk->lifetime_ms - 1;
	assert_sweeps(talk, 0, 0);
	assert_sees(talk, joiner, "ready Hi");
	assert_sees(talk, creator, "ready");
}

static void a_sweep_closes_a_chat_at_the_end_of_its_lifetime(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "undelivered"));
	talk->now_ms += talk->lifetime_ms;
	assert_sweeps(talk, 1, 0);
	assert_sweeps(talk, 0, 0);
	/* At this time the view itself does not close the chat. */
	talk->now_ms -= talk->lifetime_ms;
	assert_sees(talk, creator, "closed [closed_automatically]");
	assert_sees(talk, joiner, "closed [closed_automatically]");
}

static void a_sweep_names_each_participant_to_wake_once(void **state)
{
	struct talk *talk = *state;
	const struct sf_token *users[] = { &talk->creator.user,
		&talk->joiner.user };
	int count;

	for (size_t i = 0; i < 2; i++) {
		talk_begin_ready(talk);
		talk->now_ms += talk->lifetime_ms;
		(void)sweep_and_count_wake_ups(talk, users[i], &count);
		assert_int_equal(count, 1);
		(void)sweep_and_count_wake_ups(talk, users[i], &count);
		assert_int_equal(count, 0);
	}
}

static void a_sweep_closes_a_draft(void **state)
{
	struct talk *talk = *state;

	talk_begin_draft(talk);
	talk->now_ms += talk->lifetime_ms;
	assert_sweeps(talk, 2, 0);
	talk->now_ms -= talk->lifetime_ms;
	assert_sees(talk, creator, "closed [closed_automatically]");
}

static void a_sweep_removes_a_closed_chat_after_its_grace(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_end(talk, &talk->joiner));
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS - 1;
	assert_sweeps(talk, 0, 0);
	assert_sees(talk, creator, "closed [closed_by_talker]");
	talk->now_ms++;
	assert_sweeps(talk, 0, 1);
	talk->now_ms -= talk->lifetime_ms + SF_CHAT_GRACE_MS;
	assert_sees(talk, creator, "-");
}

static void a_sweep_removes_an_open_chat_after_its_grace(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "undelivered"));
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS;
	assert_sweeps(talk, 0, 1);
	talk->now_ms -= talk->lifetime_ms + SF_CHAT_GRACE_MS;
	assert_sees(talk, creator, "-");
}

static void a_sweep_removes_a_closed_chat_without_messages(void **state)
{
	struct talk *talk = *state;
	struct sf_chat empty;

	/* The pull of the last message removes a closed chat. No verb leaves
	 * an empty one behind, but an older program may have. */
	sf_chat_init(&empty, talk->now_ms);
	sf_chat_close(&empty, &empty.users[0]);
	sf_chat_release(&empty);
	assert_ok(sf_store_insert(talk->store, &empty));
	assert_sweeps(talk, 0, 1);
	assert_sees(talk, creator, "ready");
}

static void insert_many(struct talk *talk)
{
	for (int i = 0; i < MANY; i++) {
		struct sf_chat draft;

		sf_chat_init(&draft, talk->now_ms);
		assert_ok(sf_store_insert(talk->store, &draft));
		sf_chat_release(&draft);
	}
}

static void one_call_closes_at_most_a_batch_of_chats(void **state)
{
	struct talk *talk = *state;
	struct sf_sweep swept = { .done = false };
	int64_t before = 0;
	int calls = 0;

	insert_many(talk);
	talk->now_ms += talk->lifetime_ms;
	while (!swept.done) {
		assert_ok(sf_store_sweep(talk->store, talk->now_ms, &swept));
		assert_in_range(swept.closed - before, 0, SF_STORE_SWEEP_MAX);
		/* One chat has two participants to wake, the others one. */
		assert_in_range(
			(int64_t)swept.to_wake_count - (swept.closed - before),
			0, 1);
		before = swept.closed;
		calls++;
	}
	assert_int_equal(swept.closed, MANY + 1);
	assert_in_range(calls, MANY / SF_STORE_SWEEP_MAX, MANY);
	talk->now_ms += SF_CHAT_GRACE_MS;
	assert_sweeps(talk, 0, MANY + 1);
	assert_sweeps(talk, 0, 0);
}

/* How many chats several sweeps have closed together. */
struct ledger {
	struct talk *talk;
	struct support_gate gate;
	_Atomic int64_t closed;
};

static int sweep_on_own_handle(void *data, int number)
{
	struct ledger *ledger = data;
	struct talk *talk = ledger->talk;
	struct sf_sweep swept = { .done = false };
	struct sf_store *store;

	(void)number;
	if (sf_store_open(&talk->config, &store) != SF_OK)
		return 1;
	support_gate_pass(&ledger->gate);
	while (!swept.done)
		if (sf_store_sweep(store, talk->now_ms, &swept) != SF_OK)
			return 1;
	ledger->closed += swept.closed;
	sf_store_free(store);
	return 0;
}

static void parallel_sweeps_close_each_chat_once(void **state)
{
	struct talk *talk = *state;
	struct ledger *ledger = support_share(sizeof(*ledger));
	int results[4];

	insert_many(talk);
	talk->now_ms += talk->lifetime_ms;
	talk_disconnect(talk);
	ledger->talk = talk;
	ledger->gate.missing = 4;
	support_race(sweep_on_own_handle, ledger, 4, results);
	talk_connect(talk);
	assert_int_equal(support_count(results, 4, 0), 4);
	assert_int_equal(ledger->closed, MANY + 1);
	talk->now_ms -= talk->lifetime_ms;
	assert_sees(talk, joiner, "closed [closed_automatically]");
	support_unshare(ledger, sizeof(*ledger));
}

#define with_store(test)                                                       \
	cmocka_unit_test_setup_teardown(test, make_ready_alone, talk_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(a_sweep_leaves_a_chat_within_its_lifetime),
		with_store(a_sweep_closes_a_chat_at_the_end_of_its_lifetime),
		with_store(a_sweep_names_each_participant_to_wake_once),
		with_store(a_sweep_closes_a_draft),
		with_store(a_sweep_removes_a_closed_chat_after_its_grace),
		with_store(a_sweep_removes_an_open_chat_after_its_grace),
		with_store(a_sweep_removes_a_closed_chat_without_messages),
		with_store(one_call_closes_at_most_a_batch_of_chats),
		with_store(parallel_sweeps_close_each_chat_once),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
