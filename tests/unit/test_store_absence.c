/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a store about absence: how long a participant may be silent
 * before the other one can give that participant up.
 */
#include "talk.h"

static void give_up_tells_each_side_what_happened(void **state)
{
	struct talk *talk = *state;
	struct sf_token other;

	/* Nobody has polled yet, so the usual patience began with the join. */
	talk->now_ms += talk_patience.usual_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
	talk->now_ms++;
	assert_ok(sf_store_give_up(talk->store, talk->now_ms, &talk->creator,
		talk_patience.usual_ms, &other));
	assert_memory_equal(&other, &talk->joiner.user, SF_TOKEN_SIZE);
	assert_sees(talk, creator, "closed [absent]");
	assert_sees(talk, joiner, "closed [was_absent]");
}

static void give_up_waits_as_long_as_the_other_asked_for(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();

	assert_ok(talk_poll(talk, &talk->joiner, &poll));
	talk->now_ms += talk_patience.away_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
	talk->now_ms++;
	assert_ok(talk_give_up(talk, &talk->creator));
}

static void give_up_is_refused_in_a_draft_and_a_closed_chat(void **state)
{
	struct talk *talk = *state;

	talk->now_ms += 10 * talk_patience.away_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
	assert_ok(talk_join(talk, &talk->joiner.user));
	assert_ok(talk_end(talk, &talk->joiner));
	talk->now_ms += 10 * talk_patience.away_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
}

static void a_join_begins_the_creators_patience_anew(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();

	assert_ok(talk_poll(talk, &talk->creator, &poll));
	talk->now_ms += 3 * talk_patience.away_ms;
	assert_ok(talk_join(talk, &talk->joiner.user));
	talk->now_ms += talk_patience.away_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->joiner), SF_ERR_CONFLICT);
	talk->now_ms++;
	assert_ok(talk_give_up(talk, &talk->joiner));
}

/* After an outage, who comes back first does not find the other given up. */
static void a_user_who_was_cut_off_gives_the_other_time(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();

	talk->now_ms += 10 * talk_patience.away_ms;
	assert_ok(talk_poll(talk, &talk->creator, &poll));
	talk->now_ms += talk_patience.usual_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
	talk->now_ms++;
	assert_ok(talk_give_up(talk, &talk->creator));
}

static void a_user_who_keeps_polling_gives_the_other_no_time(void **state)
{
	struct talk *talk = *state;

	for (int i = 0; i < 2; i++) {
		struct sf_token poll = talk_token();

		talk->now_ms += talk_patience.gap_ms;
		assert_ok(talk_poll(talk, &talk->creator, &poll));
	}
	assert_ok(talk_give_up(talk, &talk->creator));
}

static void a_sign_of_life_in_the_future_counts_as_now(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();
	const int64_t leap_ms = 3600000;

	talk->now_ms += leap_ms;
	assert_ok(talk_poll(talk, &talk->joiner, &poll));
	talk->now_ms -= leap_ms;
	assert_refused(
		talk, talk_give_up(talk, &talk->creator), SF_ERR_CONFLICT);
	talk->now_ms += leap_ms + talk_patience.away_ms + 1;
	assert_ok(talk_give_up(talk, &talk->creator));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(give_up_tells_each_side_what_happened),
		with_ready(give_up_waits_as_long_as_the_other_asked_for),
		with_draft(give_up_is_refused_in_a_draft_and_a_closed_chat),
		with_draft(a_join_begins_the_creators_patience_anew),
		with_ready(a_user_who_was_cut_off_gives_the_other_time),
		with_ready(a_user_who_keeps_polling_gives_the_other_no_time),
		with_ready(a_sign_of_life_in_the_future_counts_as_now),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
