/* SPDX-License-Identifier: BSD-3-Clause */
/* The background jobs, run on a real store. */
#include "talk.h"
#include "wake/wake.h"
#include "jobs/work.h"

#include <unistd.h>

static bool count_down(void *argument)
{
	int *left = argument;

	return (*left)-- > 0;
}

/* Makes a chat that was created `age_ms` ago. */
static void make_old_chat(struct talk *talk, int64_t age_ms)
{
	struct sf_chat chat;

	sf_chat_init(&chat, (int64_t)time(NULL) * 1000 - age_ms);
	talk->creator.chat = chat.id;
	talk->creator.user = chat.users[0];
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
}

static void terminate_closes_an_old_chat_and_wakes_its_poll(void **state)
{
	struct talk *talk = *state;
	struct sf_work work = { .config = &talk->config };
	struct sf_wake *wake;

	make_old_chat(talk, talk->lifetime_ms + 1000);
	assert_ok(sf_wake_open(&talk->config, &wake));
	sf_wake_prepare(wake, &talk->creator.user);
	talk_disconnect(talk);
	assert_ok(sf_work_run(&work, SF_WORK_TERMINATE));
	talk_connect(talk);
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	assert_true(sf_wake_wait(wake, 3600000));
	(void)alarm(0);
	sf_wake_free(wake);
	/* Look at a time at which the chat would still be open. */
	talk->now_ms -= 10000 + talk->lifetime_ms / 2;
	assert_sees(talk, creator, "closed [closed_automatically]");
	assert_non_null(strstr(work.detail.text, "chats closed: 1"));
}

static void terminate_stops_when_it_may_not_go_on(void **state)
{
	struct talk *talk = *state;
	int left = 0;
	struct sf_work work = { .config = &talk->config,
		.may_go_on = count_down,
		.argument = &left };

	make_old_chat(talk, talk->lifetime_ms + 1000);
	talk_disconnect(talk);
	assert_int_equal(
		sf_work_run(&work, SF_WORK_TERMINATE), SF_ERR_CONFLICT);
	assert_non_null(strstr(work.detail.text, "another worker"));
	talk_connect(talk);
	talk->now_ms -= 10000 + talk->lifetime_ms / 2;
	assert_sees(talk, creator, "draft [created]");
}

static void an_unknown_kind_is_refused(void **state)
{
	struct talk *talk = *state;
	struct sf_work work = { .config = &talk->config };

	assert_int_equal(sf_work_run(&work, "Terminate"), SF_ERR_NOT_FOUND);
	assert_non_null(strstr(work.detail.text, "no such kind"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(terminate_closes_an_old_chat_and_wakes_its_poll),
		with_draft(terminate_stops_when_it_may_not_go_on),
		with_draft(an_unknown_kind_is_refused),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
