/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs jobs, one after the other, until it is told to end. Signals are taken
 * only between two jobs: the one in hand is finished.
 */
#include "jobs/command.h"

#include <signal.h>

#include "base/log.h"
#include "jobs/queue.h"
#include "jobs/work.h"

static const struct sf_command command = {
	.name = "worker",
	.help = "usage: worker\n"
		"\n"
		"Runs background jobs from the queue in SFCHAT_REDIS. Any\n"
		"number of workers may share it. SIGTERM or SIGINT ends a\n"
		"worker after the job in hand. While Redis cannot be reached\n"
		"it waits.\n"
		"\n"
		"Exit status: 0 ended by a signal; 2 wrong arguments or\n"
		"settings.\n",
};

static sigset_t stop_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	return set;
}

/* Returns whether the worker was told to end before the time was over. */
static bool is_stopped_within(int seconds)
{
	struct timespec limit = { .tv_sec = seconds };
	sigset_t set = stop_signals();

	return sigtimedwait(&set, NULL, &limit) > 0;
}

static bool may_go_on(void *queue)
{
	return sf_queue_keep(queue) == SF_OK;
}

/*
 * A job that is done is not to be done again only because Redis is away for a
 * moment: tries as long as the lease lasts.
 */
static enum sf_err lay_down(
	struct sf_queue *queue, enum sf_err outcome, const char *error)
{
	struct timespec second = { .tv_sec = 1 };
	enum sf_err err;

	for (;;) {
		err = outcome ? sf_queue_fail(queue, error)
			      : sf_queue_finish(queue);
		if (err != SF_ERR_UNAVAILABLE || sf_queue_keep(queue) != SF_OK)
			return err;
		(void)nanosleep(&second, NULL);
	}
}

static void run_job(struct sf_queue *queue, const struct sf_config *config,
	const struct sf_job *job)
{
	struct sf_work work = {
		.config = config,
		.may_go_on = may_go_on,
		.asked = queue,
	};
	enum sf_err outcome = sf_work_run(&work, job->kind);
	enum sf_err err = outcome;

	if (outcome != SF_ERR_CONFLICT)
		err = lay_down(queue, outcome, work.detail.text);
	/* What somebody else has taken over is neither done nor failed here. */
	if (err)
		sf_log(SF_LOG_INFO, "job %s, %s: it may be run again: %s",
			job->id, job->kind, work.detail.text);
	else
		sf_log(SF_LOG_INFO, "job %s, %s: %s: %s", job->id, job->kind,
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
			sf_log(SF_LOG_INFO, "Redis is back");
		was_down = err == SF_ERR_UNAVAILABLE;
		if (!err)
			run_job(queue, config, &job);
		/* An empty queue is looked at again; who has just worked looks
		 * at once. */
		pause_seconds = err ? 1 : 0;
	}
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_queue *queue;
	sigset_t set = stop_signals();

	sf_command_start(&command, argc, argv, &config);
	if (argc > 1)
		sf_command_refuse(&command, "it takes no arguments");
	sf_command_need_redis(&command, &config);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	queue = sf_queue_new(&config);
	sf_log(SF_LOG_INFO, "worker %s: started", sf_queue_worker(queue));
	run_jobs(queue, &config);
	if (sf_queue_leave(queue) != SF_OK)
		sf_log(SF_LOG_INFO, "the list of workers still has this one");
	sf_log(SF_LOG_INFO, "worker %s: ended", sf_queue_worker(queue));
	sf_queue_free(queue);
	return SF_EXIT_DONE;
}
