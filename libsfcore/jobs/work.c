/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of jobs. Must not know the queue. */
#include "jobs/work.h"

#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "base/tally.h"
#include "chat/desk.h"

/* A job that rests longer could lose its lease. */
#define REST_MAX_MS 1000

/*
 * A job rests as long as it has worked, so that the requests of people, which
 * wait for the same store, get at least half of the time.
 */
static void rest_after_work(int64_t start_ms)
{
	/* Add one, because the clock cuts off up to a millisecond. */
	int64_t rest_ms = sf_clock_ms(CLOCK_MONOTONIC) - start_ms + 1;

	(void)poll(
		NULL, 0, (int)(rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS));
}

static enum sf_err sweep_chats(
	struct sf_work *work, struct sf_desk *desk, struct sf_sweep *sweep)
{
	while (!sweep->done) {
		int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);
		enum sf_err err;

		if (work->may_go_on && !work->may_go_on(work->argument))
			return SF_ERR_CONFLICT;
		err = sf_desk_sweep(desk, sweep);
		if (err)
			return err;
		rest_after_work(start_ms);
	}
	return SF_OK;
}

void sf_work_describe(int64_t closed, int64_t removed, int64_t unreadable,
	char *out, size_t size)
{
	(void)snprintf(out, size,
		"chats closed: %" PRId64 ", removed: %" PRId64
		", unreadable: %" PRId64,
		closed, removed, unreadable);
}

/* Keeps the outcome for this machine's operator. */
static void remember_outcome(const struct sf_work *work,
	const struct sf_sweep *sweep, enum sf_err err, int64_t start_ms)
{
	int64_t took_ms = sf_clock_ms(CLOCK_MONOTONIC) - start_ms;
	uint64_t now_ms = (uint64_t)sf_clock_ms(CLOCK_REALTIME);
	struct sf_tally *tally;

	if (err == SF_ERR_CONFLICT)
		return;
	/* Where there is no store, make no other file either. */
	if ((err ? sf_tally_find(work->config, &tally)
		 : sf_tally_open(work->config, &tally)) != SF_OK)
		return;
	if (err) {
		atomic_store(&tally->words[SF_TALLY_FAILED_MS], now_ms);
	} else {
		atomic_store(
			&tally->words[SF_TALLY_SWEEP_MS], (uint64_t)took_ms);
		atomic_store(&tally->words[SF_TALLY_CLOSED],
			(uint64_t)sweep->closed);
		atomic_store(&tally->words[SF_TALLY_REMOVED],
			(uint64_t)sweep->removed);
		atomic_store(&tally->words[SF_TALLY_UNREADABLE],
			(uint64_t)sweep->unreadable);
		atomic_store(&tally->words[SF_TALLY_SWEPT_MS], now_ms);
	}
	sf_tally_free(tally);
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

enum sf_err sf_work_find_store(const struct sf_config *config,
	struct sf_store **out, struct sf_detail *detail)
{
	enum sf_err err = sf_store_find(config, out);

	if (err == SF_ERR_NOT_FOUND)
		return sf_detail_set(detail, SF_ERR_UNAVAILABLE,
			"there is no store at SFCHAT_STORE: the site makes it, "
			"or prepare");
	if (err)
		(void)sf_detail_set(detail, err, "%s", explain_error(err));
	return err;
}

static enum sf_err sweep_store(struct sf_work *work, struct sf_sweep *sweep)
{
	struct sf_desk desk = { .wake = NULL };
	enum sf_err err =
		sf_work_find_store(work->config, &desk.store, &work->detail);

	if (err)
		return err;
	/* Without wake-ups the job still closes the chats. */
	(void)!sf_wake_open(work->config, &desk.wake);
	err = sweep_chats(work, &desk, sweep);
	sf_wake_free(desk.wake);
	sf_store_free(desk.store);
	return err;
}

static enum sf_err terminate_chats(struct sf_work *work)
{
	struct sf_sweep sweep = { .done = false };
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);
	enum sf_err err = sweep_store(work, &sweep);

	remember_outcome(work, &sweep, err, start_ms);
	if (!err)
		sf_work_describe(sweep.closed, sweep.removed, sweep.unreadable,
			work->detail.text, sizeof(work->detail.text));
	return err;
}

enum sf_err sf_work_run(struct sf_work *work, const char *kind)
{
	enum sf_err err = SF_ERR_NOT_FOUND;

	work->detail.text[0] = '\0';
	if (strcmp(kind, SF_WORK_TERMINATE) == 0)
		err = terminate_chats(work);
	if (err && !*work->detail.text)
		(void)sf_detail_set(
			&work->detail, err, "%s", explain_error(err));
	return err;
}
