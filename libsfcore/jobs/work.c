/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of jobs. Must not know the queue. */
#include "jobs/work.h"

#include <inttypes.h>

#include "chat/desk.h"

/* A job that rests longer could lose its lease. */
#define REST_MAX_NS 1000000000

/*
 * A job rests as long as it has worked, so that people's requests, which wait
 * for the same store, get at least half of the time.
 */
static void rest_since(int64_t start_ns, int64_t now_ns)
{
	int64_t worked_ns = now_ns - start_ns;
	int64_t rest_ns = worked_ns < REST_MAX_NS ? worked_ns : REST_MAX_NS;
	struct timespec rest = {
		.tv_sec = rest_ns / 1000000000,
		.tv_nsec = rest_ns % 1000000000,
	};

	(void)nanosleep(&rest, NULL);
}

static int64_t read_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static enum sf_err sweep_chats(
	struct sf_work *work, struct sf_desk *desk, struct sf_sweep *sweep)
{
	while (!sweep->done) {
		int64_t start_ns = read_clock_ns();
		enum sf_err err;

		if (work->may_go_on && !work->may_go_on(work->asked))
			return SF_ERR_CONFLICT;
		err = sf_desk_sweep(desk, sweep);
		if (err)
			return err;
		rest_since(start_ns, read_clock_ns());
	}
	return SF_OK;
}

static enum sf_err terminate_chats(struct sf_work *work)
{
	struct sf_sweep sweep_state = { .done = false };
	struct sf_desk desk = { .wake = NULL };
	enum sf_err err = sf_store_open(work->config, &desk.store);

	if (err)
		return err;
	/* Without wake-ups the job still closes the chats. */
	if (sf_wake_open(work->config, &desk.wake) != SF_OK)
		desk.wake = NULL;
	err = sweep_chats(work, &desk, &sweep_state);
	sf_wake_free(desk.wake);
	sf_store_free(desk.store);
	if (err)
		return err;
	return sf_detail_set(&work->detail, SF_OK,
		"chats closed: %" PRId64 ", removed: %" PRId64
		", unreadable: %" PRId64,
		sweep_state.closed, sweep_state.removed,
		sweep_state.unreadable);
}

static const char *explain_error(enum sf_err err)
{
	switch (err) {
	case SF_ERR_UNAVAILABLE:
		return "the store cannot be reached, or is full";
	case SF_ERR_NOT_FOUND:
		return "there is no such kind of job here";
	case SF_ERR_CONFLICT:
		return "another worker has the job";
	default:
		return "unexpected error, see the log";
	}
}

enum sf_err sf_work_run(struct sf_work *work, const char *kind)
{
	static const struct {
		const char *kind;
		enum sf_err (*run)(struct sf_work *work);
	} kinds[] = {
		{ SF_WORK_TERMINATE, terminate_chats },
	};
	enum sf_err err = SF_ERR_NOT_FOUND;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			err = kinds[i].run(work);
	if (err)
		(void)sf_detail_set(
			&work->detail, err, "%s", explain_error(err));
	return err;
}
