/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs jobs, one after another, until a signal ends the worker. The worker
 * takes signals only between two jobs, so it finishes the current job.
 */
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "jobs/command.h"
#include "jobs/queue.h"
#include "jobs/work.h"

static const struct sf_command command = {
	.name = "worker",
	.help = "usage: worker\n"
		"\n"
		"Runs background jobs from the queue in SFCHAT_REDIS. Any\n"
		"number of workers may share the queue. SIGTERM or SIGINT\n"
		"ends a worker after its current job. A worker waits while\n"
		"Redis cannot be reached.\n"
		"\n"
		"Exit status: 0 ended by a signal; 2 wrong arguments or\n"
		"settings.\n",
	.needs_redis = true,
};

static sigset_t list_stop_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	return set;
}

/* Returns whether a stop signal comes before the time is over. */
static bool is_stopped_within(int seconds)
{
	struct timespec limit = { .tv_sec = seconds };
	sigset_t set = list_stop_signals();

	return sigtimedwait(&set, NULL, &limit) > 0;
}

static bool keep_job(void *queue)
{
	return sf_queue_keep(queue) == SF_OK;
}

/*
 * Tries as long as the lease lasts, so that a job is not run twice only because
 * Redis could not be reached for a moment.
 */
static enum sf_err report_outcome(
	struct sf_queue *queue, enum sf_err outcome, const char *text)
{
	enum sf_err err;

	for (;;) {
		err = outcome ? sf_queue_fail(queue, text)
			      : sf_queue_finish(queue, text);
		if (err != SF_ERR_UNAVAILABLE || sf_queue_keep(queue) != SF_OK)
			return err;
		(void)sleep(1);
	}
}

static void run_job(struct sf_queue *queue, const struct sf_config *config,
	const struct sf_job *job)
{
	struct sf_work work = {
		.config = config,
		.may_go_on = keep_job,
		.argument = queue,
	};
	enum sf_err outcome = sf_work_run(&work, job->kind);
	enum sf_err err = outcome;

	if (outcome != SF_ERR_CONFLICT)
		err = report_outcome(queue, outcome, work.detail.text);
	/* If the lease was lost, the job is neither done nor failed. */
	if (err)
		sf_log_at(SF_LOG_WARNING, "job %s, %s: it may be run again: %s",
			job->id, job->kind, work.detail.text);
	else
		sf_log_at(outcome ? SF_LOG_ERROR : SF_LOG_INFO,
			"job %s, %s: %s: %s", job->id, job->kind,
			outcome ? "failed" : "done", work.detail.text);
}

static void run_jobs(struct sf_queue *queue, const struct sf_config *config)
{
	bool was_down = false;
	int pause_seconds = 0;

	while (!is_stopped_within(pause_seconds)) {
		struct sf_job job;
		enum sf_err err = sf_queue_take(queue, &job);

		if (was_down && err != SF_ERR_UNAVAILABLE)
			sf_log_at(SF_LOG_INFO, "Redis is back");
		was_down = err == SF_ERR_UNAVAILABLE;
		if (!err)
			run_job(queue, config, &job);
		/* After a job, look for the next one at once. */
		pause_seconds = err ? 1 : 0;
	}
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_queue *queue;
	sigset_t set = list_stop_signals();

	sf_command_start(&command, argc, argv, &config);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	queue = sf_queue_new(&config);
	sf_log_at(SF_LOG_INFO, "worker %s: started", sf_queue_worker(queue));
	run_jobs(queue, &config);
	if (sf_queue_leave(queue) != SF_OK)
		sf_log_at(SF_LOG_WARNING,
			"worker %s: could not leave the list of workers",
			sf_queue_worker(queue));
	sf_log_at(SF_LOG_INFO, "worker %s: ended", sf_queue_worker(queue));
	sf_queue_free(queue);
	return SF_EXIT_DONE;
}
