/* SPDX-License-Identifier: BSD-3-Clause */
/* Shows an operator the background jobs, and requeues failed ones. */
#include <inttypes.h>
#include <stdbool.h>
#include <unistd.h>

#include "jobs/command.h"
#include "jobs/jobs_json.h"
#include "jobs/queue.h"

#define WATCH_SECONDS 2

static const struct sf_command command = {
	.name = "jobs",
	.help = "usage: jobs [--json] [--watch]\n"
		"       jobs requeue ID|all\n"
		"\n"
		"Shows how many jobs in SFCHAT_REDIS are waiting, delayed\n"
		"after a failure, running and failed; the workers, with the\n"
		"age of their last sign of life; and each job.\n"
		"  --json   prints one line of JSON. A time is in\n"
		"           milliseconds since 1970. The time of a job goes\n"
		"           with its state: waiting since, delayed until,\n"
		"           lease ends at, or failed at\n"
		"  --watch  prints again every two seconds, until interrupted\n"
		"  requeue  runs the failed job ID, or all failed jobs, again\n"
		"\n"
		"Exit status: 0 done; 1 there is no failed job ID, or an\n"
		"unexpected error, which is printed; 2 wrong arguments or\n"
		"settings; 3 Redis cannot be reached.\n",
	.takes_arguments = true,
	.needs_redis = true,
};

struct options {
	bool json;
	bool watch;
};

static void print_counts(const struct sf_job_listing *listing)
{
	for (enum sf_job_state state = 0; state < SF_JOB__MAX; state++)
		(void)printf("%s%s %zu", state ? "   " : "",
			sf_job_state_name(state), sf_job_count(listing, state));
	(void)printf("\n");
}

static void print_workers(const struct sf_job_listing *listing)
{
	(void)printf("\n%-32s %s\n", "WORKER", "HEARTBEAT");
	for (size_t i = 0; i < listing->worker_count; i++) {
		const struct sf_job_worker *worker = &listing->workers[i];

		(void)printf("%-32s %" PRId64 " s ago\n", worker->name,
			(listing->now_ms - worker->heartbeat_ms) / 1000);
	}
}

/* Formats `when_ms` as its distance from now: "for 3 s". */
static void format_when(
	const struct sf_job *job, int64_t now_ms, char *out, size_t size)
{
	static const char *const words[SF_JOB__MAX] = {
		[SF_JOB_WAITING] = "for",
		[SF_JOB_DELAYED] = "in",
		[SF_JOB_RUNNING] = "lease",
		[SF_JOB_FAILED] = "for",
	};
	bool past = job->state == SF_JOB_WAITING || job->state == SF_JOB_FAILED;
	int64_t distance_ms =
		past ? now_ms - job->when_ms : job->when_ms - now_ms;

	(void)snprintf(out, size, "%s %" PRId64 " s", words[job->state],
		distance_ms / 1000);
}

static void print_jobs(const struct sf_job_listing *listing)
{
	(void)printf("\n%-8s %-12s %-8s %-14s %6s %8s  %s\n", "JOB", "KIND",
		"STATE", "TIME", "STARTS", "FAILURES", "WORKER, OR LAST ERROR");
	for (size_t i = 0; i < listing->job_count; i++) {
		const struct sf_job *job = &listing->jobs[i];
		char when[40];

		format_when(job, listing->now_ms, when, sizeof(when));
		(void)printf("%-8s %-12s %-8s %-14s %6" PRId64 " %8" PRId64
			     "  %s\n",
			job->id, job->kind, sf_job_state_name(job->state), when,
			job->starts, job->failures,
			*job->worker ? job->worker : job->error);
	}
}

static void print_tables(
	const struct options *options, const struct sf_job_listing *listing)
{
	/* Overwrite the last listing: ECMA-48, CUP and ED. */
	if (options->watch && isatty(STDOUT_FILENO))
		(void)fputs("\033[H\033[J", stdout);
	print_counts(listing);
	print_workers(listing);
	print_jobs(listing);
}

static enum sf_err show_once(
	struct sf_queue *queue, const struct options *options)
{
	struct sf_job_listing listing;
	enum sf_err err = sf_queue_list(queue, &listing);

	if (err)
		return err;
	if (options->json)
		sf_jobs_json_print(&listing, stdout);
	else
		print_tables(options, &listing);
	(void)fflush(stdout);
	sf_job_listing_release(&listing);
	return SF_OK;
}

static enum sf_err show_jobs(
	struct sf_queue *queue, const struct options *options)
{
	enum sf_err err = show_once(queue, options);

	/* Go on after an error: an operator wants to see Redis come back. */
	while (options->watch && !ferror(stdout)) {
		(void)sleep(WATCH_SECONDS);
		err = show_once(queue, options);
	}
	return err;
}

static struct options parse_options(int argc, char **argv)
{
	struct options options = { .json = false };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			options.json = true;
		else if (strcmp(argv[i], "--watch") == 0)
			options.watch = true;
		else
			sf_command_refuse(&command, "unknown argument");
	}
	return options;
}

static enum sf_err requeue_jobs(struct sf_queue *queue, const char *id)
{
	int64_t count = 0;
	enum sf_err err = sf_queue_requeue(queue, id, &count);

	if (err)
		return err;
	if (count == 0 && strcmp(id, "all") != 0) {
		(void)fprintf(stderr, "%s: there is no failed job %s\n",
			command.name, id);
		return SF_ERR_NOT_FOUND;
	}
	(void)printf("%s: requeued %" PRId64 "\n", command.name, count);
	return SF_OK;
}

static bool is_job_id(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < SF_JOB_ID_MAX &&
	       strspn(text, "0123456789") == length;
}

static enum sf_err run_command(struct sf_queue *queue, int argc, char **argv)
{
	struct options options;

	if (argc > 1 && strcmp(argv[1], "requeue") == 0) {
		if (argc != 3 ||
			(strcmp(argv[2], "all") != 0 && !is_job_id(argv[2])))
			sf_command_refuse(&command,
				"requeue takes the number of a job, or all");
		return requeue_jobs(queue, argv[2]);
	}
	options = parse_options(argc, argv);
	return show_jobs(queue, &options);
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_queue *queue;
	enum sf_err err;

	sf_command_start(&command, argc, argv, &config);
	queue = sf_queue_new(&config);
	err = run_command(queue, argc, argv);
	sf_queue_free(queue);
	return sf_command_status(err);
}
