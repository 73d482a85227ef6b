/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the numbers, and judges them. */
#include "jobs/site.h"

#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "base/tally.h"
#include "jobs/queue.h"
#include "jobs/work.h"

/* The store serves people between two batches. */
#define REST_MS 2

static void raise_alarm(struct sf_site *site, const char *alarm)
{
	site->alarms[site->alarm_count++] = alarm;
}

static enum sf_err survey_chats(struct sf_store *store, struct sf_site *site)
{
	while (!site->survey.done) {
		enum sf_err err = sf_store_survey(
			store, site->now_ms - site->recent_ms, &site->survey);

		if (err)
			return err;
		(void)poll(NULL, 0, REST_MS);
	}
	return SF_OK;
}

static void read_store(const struct sf_config *config, struct sf_site *out)
{
	struct sf_store *store = NULL;
	enum sf_err err = sf_store_find(config, &store);

	if (!err)
		err = survey_chats(store, out);
	sf_store_free(store);
	out->store = SF_SITE_UP;
	if (err)
		out->store =
			err == SF_ERR_NOT_FOUND ? SF_SITE_ABSENT : SF_SITE_DOWN;
}

static void keep_sweep(
	const struct sf_job_listing *listing, struct sf_site *out)
{
	for (size_t i = 0; i < listing->kind_count; i++)
		if (strcmp(listing->kinds[i].name, SF_WORK_TERMINATE) == 0)
			out->sweep = listing->kinds[i];
}

static void read_queue(const struct sf_config *config, struct sf_site *out)
{
	struct sf_job_listing listing;
	struct sf_queue *queue;
	enum sf_err err;

	if (config->redis.socket_size == 0)
		return;
	queue = sf_queue_new(config);
	err = sf_queue_list(queue, &listing);
	sf_queue_free(queue);
	out->redis = err ? SF_SITE_DOWN : SF_SITE_UP;
	if (err)
		return;
	for (enum sf_job_state state = 0; state < SF_JOB__MAX; state++)
		out->jobs[state] = (int64_t)sf_job_count(&listing, state);
	keep_sweep(&listing, out);
	out->alarm_count = sf_job_alarms(&listing, out->alarms);
	sf_job_listing_release(&listing);
}

static int64_t load_word(struct sf_tally *tally, unsigned int word)
{
	return (int64_t)atomic_load(&tally->words[word]);
}

/* What terminate has done on this machine, if there is no queue. */
static void read_sweep(struct sf_tally *tally, struct sf_job_kind *out)
{
	out->succeeded_ms = load_word(tally, SF_TALLY_SWEPT_MS);
	out->failed_ms = load_word(tally, SF_TALLY_FAILED_MS);
	out->took_ms = load_word(tally, SF_TALLY_SWEEP_MS);
	if (out->succeeded_ms == 0 && out->failed_ms == 0)
		return;
	(void)snprintf(out->name, sizeof(out->name), "%s", SF_WORK_TERMINATE);
	(void)snprintf(out->error, sizeof(out->error), "the log says why");
	if (out->succeeded_ms != 0)
		sf_work_describe(load_word(tally, SF_TALLY_CLOSED),
			load_word(tally, SF_TALLY_REMOVED),
			load_word(tally, SF_TALLY_UNREADABLE), out->result,
			sizeof(out->result));
}

static void read_tally(const struct sf_config *config, struct sf_site *out)
{
	struct sf_tally *tally;

	if (sf_tally_find(config, &tally) != SF_OK)
		return;
	out->since_ms = load_word(tally, SF_TALLY_SINCE_MS);
	for (unsigned int err = 0; err < SF_ERR__MAX; err++)
		out->refused[err] = load_word(tally, SF_TALLY_REFUSED + err);
	if (out->redis == SF_SITE_ABSENT)
		read_sweep(tally, &out->sweep);
	sf_tally_free(tally);
}

static void judge_store(struct sf_site *site)
{
	const struct sf_survey *survey = &site->survey;
	int64_t removed_ms = site->lifetime_ms + SF_CHAT_GRACE_MS;

	if (site->store == SF_SITE_DOWN)
		raise_alarm(site, "the store cannot be used");
	if (site->store == SF_SITE_ABSENT)
		raise_alarm(site, "there is no store");
	if (survey->used_bytes >
		survey->room_bytes / 100 * SF_SITE_FULL_PERCENT)
		raise_alarm(site, "the store is over 80 % full");
	if (survey->oldest_ms != 0 && site->now_ms - survey->oldest_ms >
					      removed_ms + SF_JOB_SUCCESS_MS)
		raise_alarm(site, "old chats are not removed: no sweep runs");
}

static void judge_sweep(struct sf_site *site)
{
	if (site->sweep.failed_ms > site->sweep.succeeded_ms)
		raise_alarm(site, "the last sweep failed");
	/* The queue has raised this alarm itself. */
	if (site->redis == SF_SITE_ABSENT && site->sweep.succeeded_ms != 0 &&
		site->now_ms - site->sweep.succeeded_ms > SF_JOB_SUCCESS_MS)
		raise_alarm(site, "no sweep has succeeded in the last hour");
	if (site->redis == SF_SITE_DOWN)
		raise_alarm(site, "Redis cannot be used");
}

void sf_site_read(const struct sf_config *config, struct sf_site *out)
{
	*out = (struct sf_site){
		.now_ms = sf_clock_ms(CLOCK_REALTIME),
		.lifetime_ms = config->chat_lifetime_seconds * 1000,
		.recent_ms = config->poll_sleep_ms * config->poll_iteration,
	};
	read_queue(config, out);
	read_store(config, out);
	read_tally(config, out);
	judge_store(out);
	judge_sweep(out);
}

const char *sf_site_refusal_name(enum sf_err err)
{
	static const char *const names[SF_ERR__MAX] = {
		[SF_ERR_INVALID] = "invalid",
		[SF_ERR_UNAUTHORIZED] = "unauthorized",
		[SF_ERR_CLOSED] = "closed",
		[SF_ERR_NOT_FOUND] = "not_found",
		[SF_ERR_CONFLICT] = "conflict",
		[SF_ERR_TOO_LARGE] = "too_large",
		[SF_ERR_MEDIA_TYPE] = "media_type",
		[SF_ERR_TOO_MANY] = "too_many",
		[SF_ERR_INTERNAL] = "internal",
		[SF_ERR_UNAVAILABLE] = "unavailable",
	};

	return names[err];
}
