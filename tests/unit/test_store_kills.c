/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: a process is killed at any moment. The
 * process leads one chat after another from the insert to the last
 * acknowledgement, and counts each verb that has returned. After SIGKILL the
 * chat must be as the last counted verb left it, or as the next verb would have
 * left it. Meanwhile a second process, the witness, does the same undisturbed.
 */
#include "talk.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 150
#define SETTLE_US 100000

static enum sf_err insert_chat(struct talk *talk)
{
	struct sf_chat chat;
	enum sf_err err;

	sf_chat_init(&chat, talk->now_ms);
	chat.id = talk->creator.chat;
	chat.users[0] = talk->creator.user;
	chat.messages[0].receiver = talk->creator.user;
	err = sf_store_insert(talk->store, &chat);
	sf_chat_release(&chat);
	return err;
}

static enum sf_err begin_poll(struct talk *talk)
{
	struct sf_token poll = talk_token();

	return talk_poll(talk, &talk->creator, &poll);
}

static enum sf_err join_chat(struct talk *talk)
{
	return talk_join(talk, &talk->joiner.user);
}

static enum sf_err acknowledge_creator(struct talk *talk)
{
	return talk_acknowledge(talk, &talk->creator);
}

static enum sf_err acknowledge_joiner(struct talk *talk)
{
	return talk_acknowledge(talk, &talk->joiner);
}

static enum sf_err push_three(struct talk *talk)
{
	struct sf_messages batch = {
		{ { .id = talk_token(), .text = (char[]){ "one" } },
			{ .id = talk_token(), .text = (char[]){ "two" } },
			{ .id = talk_token(), .text = (char[]){ "three" } } },
		3,
	};
	struct sf_token to;

	return sf_store_push(
		talk->store, talk->now_ms, &talk->creator, &batch, &to);
}

static enum sf_err push_one(struct talk *talk)
{
	return talk_say(talk, &talk->joiner, "four");
}

static enum sf_err close_chat(struct talk *talk)
{
	return talk_end(talk, &talk->joiner);
}

/* A chat's life: the steps, and what each participant sees after each step. */
static const struct {
	enum sf_err (*run)(struct talk *talk);
	const char *creator;
	const char *joiner;
	size_t polls;
} steps[] = {
	{ NULL, "-", "-", 0 },
	{ insert_chat, "draft [created]", "-", 0 },
	{ begin_poll, "draft [created]", "-", 1 },
	{ join_chat, "ready [created] [joined]", "ready [ready]", 2 },
	{ acknowledge_creator, "ready", "ready [ready]", 2 },
	{ acknowledge_joiner, "ready", "ready", 2 },
	{ push_three, "ready", "ready one two three", 2 },
	{ push_one, "ready four", "ready one two three", 2 },
	{ acknowledge_joiner, "ready four", "ready", 2 },
	{ close_chat, "closed four [closed_by_talker]",
		"closed [closed_by_you]", 2 },
	{ acknowledge_joiner, "closed four [closed_by_talker]", "closed", 2 },
	{ acknowledge_creator, "-", "-", 0 },
};
#define STEPS ((int)(sizeof(steps) / sizeof(*steps)) - 1)

/* The steps of a process, in shared memory that outlives the process. */
struct trace {
	struct talk *talk;
	struct sf_participant creator[2]; /* of the even and the odd lives */
	struct sf_participant joiner[2];
	_Atomic int done; /* steps of all lives so far */
};

static void enter_life(struct talk *talk, const struct trace *trace, int life)
{
	talk->creator = trace->creator[life % 2];
	talk->joiner = trace->joiner[life % 2];
}

static void begin_life(struct talk *talk, struct trace *trace, int life)
{
	struct sf_token chat_token = talk_token();

	trace->creator[life % 2] =
		(struct sf_participant){ chat_token, talk_token() };
	trace->joiner[life % 2] =
		(struct sf_participant){ chat_token, talk_token() };
	enter_life(talk, trace, life);
}

/* Leads one life after another; returns only when a verb has failed. */
static int lead_lives(void *data, int number)
{
	struct trace *trace = data;
	struct talk *talk = trace->talk;

	(void)number;
	if (sf_store_open(&talk->config, &talk->store))
		return 1;
	for (int life = 0;; life++) {
		begin_life(talk, trace, life);
		for (int step = 1; step <= STEPS; step++) {
			if (steps[step].run(talk))
				return 1;
			atomic_fetch_add(&trace->done, 1);
		}
	}
}

static size_t count_polls(struct talk *talk)
{
	struct sf_chat seen;
	size_t count;

	if (sf_store_view(talk->store, talk->now_ms, &talk->creator, &seen))
		return 0;
	count = seen.poll_count;
	sf_chat_release(&seen);
	return count;
}

static bool is_at(struct talk *talk, int step)
{
	return !strcmp(talk_see(talk, &talk->creator), steps[step].creator) &&
	       !strcmp(talk_see(talk, &talk->joiner), steps[step].joiner) &&
	       count_polls(talk) == steps[step].polls;
}

static bool has_server(const struct talk *talk)
{
	return strncmp(talk->config.store, "lmdb:", 5) != 0;
}

/*
 * Waits until the chat no longer changes: a server may still carry out the last
 * command of the killed process.
 */
static void await_stillness(struct talk *talk)
{
	char *before = talk_snapshot(talk);
	bool same;

	do {
		char *after;

		(void)usleep(SETTLE_US);
		after = talk_snapshot(talk);
		same = strcmp(before, after) == 0;
		free(before);
		before = after;
	} while (!same);
	free(before);
}

/*
 * Checks the life in which the process was killed, and leads the life to its
 * end.
 */
static void finish_life(struct talk *talk, const struct trace *trace)
{
	int done = atomic_load(&trace->done);
	int step = done % STEPS;

	enter_life(talk, trace, done / STEPS);
	if (has_server(talk))
		await_stillness(talk);
	if (!is_at(talk, step))
		step++;
	if (!is_at(talk, step))
		fail_msg("step %d was acknowledged, the creator sees %s",
			step - 1, talk_see(talk, &talk->creator));
	/* Before the first step the chat does not exist, so it has no end. */
	if (step == 0)
		return;
	for (step++; step <= STEPS; step++) {
		assert_ok(steps[step].run(talk));
		assert_true(is_at(talk, step));
	}
}

static int64_t read_clock_us(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void kill_process(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* A process that ended by itself had a verb that failed. */
	assert_true(WIFSIGNALED(status));
}

static void await_progress(const struct trace *trace, int steps_more)
{
	int64_t limit_us =
		read_clock_us() + SUPPORT_PATIENCE_SECONDS * 1000000LL;
	int goal = atomic_load(&trace->done) + steps_more;

	while (atomic_load(&trace->done) < goal) {
		assert_true(read_clock_us() < limit_us);
		(void)usleep(100);
	}
}

static void sleep_randomly(int64_t most_us)
{
	uint32_t random;

	assert_int_equal(getrandom(&random, sizeof(random), 0), sizeof(random));
	(void)usleep((useconds_t)(random % (most_us + 1)));
}

static pid_t start_lives(struct talk *talk, struct trace *trace)
{
	trace->talk = talk;
	return support_start(lead_lives, trace, 0);
}

/* Returns how long a process takes to open the store and lead some lives. */
static int64_t measure_lives(struct talk *talk)
{
	struct trace *trace = support_share(sizeof(*trace));
	int64_t took_us = -read_clock_us();
	pid_t pid = start_lives(talk, trace);

	await_progress(trace, 3 * STEPS);
	took_us += read_clock_us();
	kill_process(pid);
	support_unshare(trace, sizeof(*trace));
	return took_us;
}

static void a_killed_process_leaves_whole_chats(void **state)
{
	struct talk *talk = *state;
	struct trace *witness = support_share(sizeof(*witness));
	int64_t most_us;
	pid_t pid;

	talk_disconnect(talk);
	most_us = measure_lives(talk);
	pid = start_lives(talk, witness);
	for (int round = 0; round < ROUNDS; round++) {
		struct trace *trace = support_share(sizeof(*trace));
		pid_t victim = start_lives(talk, trace);

		sleep_randomly(most_us);
		kill_process(victim);
		await_progress(witness, 1);
		talk_connect(talk);
		finish_life(talk, trace);
		talk_disconnect(talk);
		support_unshare(trace, sizeof(*trace));
	}
	kill_process(pid);
	talk_connect(talk);
	finish_life(talk, witness);
	support_unshare(witness, sizeof(*witness));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(a_killed_process_leaves_whole_chats),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
