/* SPDX-License-Identifier: BSD-3-Clause */
/* Shows an operator the background jobs; requeues and deletes failed ones. */
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
		"       jobs requeue|delete ID|all\n"
		"\n"
		"Shows how many jobs in SFCHAT_REDIS are waiting, delayed\n"
		"after a failure, running and failed; the workers, with the\n"
		"age of their last sign of life; each job; and when each\n"
		"kind of job last succeeded and failed.\n"
		"  --json   prints one line of JSON. A time is in\n"
		"           milliseconds since 1970. The time of a job goes\n"
		"           with its state: waiting since, delayed until,\n"
		"           lease ends at, or failed at\n"
		"  --watch  prints again every two seconds, until interrupted\n"
		"  requeue  runs the failed job ID, or all failed jobs, again\n"
		"  delete   deletes the failed job ID, or all failed jobs\n"
		"\n"
		"Exit status: 0 done; 1 there is no failed job ID, or an\n"
		"unexpected error, which is printed; 2 wrong arguments or\n"
		"settings; 3 Redis cannot be reached; 4 there is an alarm,\n"
		"which is printed: a job has failed for good, a kind of job\n"
		"has not succeeded in the last hour, or no worker runs and a\n"
		"job has waited for a minute.\n",
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

/* Formats how long ago that was; "never" for 0. */
static void format_age(int64_t at_ms, int64_t now_ms, char *out, size_t size)
{
	if (at_ms == 0)
		(void)snprintf(out, size, "never");
	else
		(void)snprintf(out, size, "%" PRId64 " s ago",
			(now_ms - at_ms) / 1000);
}

static void print_kinds(const struct sf_job_listing *listing)
{
	(void)printf("\n%-12s %-14s %10s   %-14s %s\n", "KIND", "SUCCEEDED",
		"TOOK", "FAILED", "LAST RESULT, OR ERROR");
	for (size_t i = 0; i < listing->kind_count; i++) {
		const struct sf_job_kind *kind = &listing->kinds[i];
		char succeeded[40];
		char failed[40];

		format_age(kind->succeeded_ms, listing->now_ms, succeeded,
			sizeof(succeeded));
		format_age(kind->failed_ms, listing->now_ms, failed,
			sizeof(failed));
		(void)printf("%-12s %-14s %7" PRId64 " ms   %-14s %s\n",
			kind->name, succeeded, kind->took_ms, failed,
			kind->failed_ms > kind->succeeded_ms ? kind->error
							     : kind->result);
	}
}

static void print_alarms(const struct sf_job_listing *listing)
{
	const char *alarms[SF_JOB_ALARMS_MAX];
	size_t count = sf_job_alarms(listing, alarms);

	for (size_t i = 0; i < count; i++)
		(void)printf("%sALARM: %s\n", i ? "" : "\n", alarms[i]);
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
	print_kinds(listing);
	print_alarms(listing);
}

/* Returns the exit status. */
static int show_once(struct sf_queue *queue, const struct options *options)
{
	const char *alarms[SF_JOB_ALARMS_MAX];
	struct sf_job_listing listing;
	enum sf_err err = sf_queue_list(queue, &listing);
	int status;

	if (err)
		return sf_command_status(err);
	if (options->json)
		sf_jobs_json_print(&listing, stdout);
	else
		print_tables(options, &listing);
	(void)fflush(stdout);
	status = sf_job_alarms(&listing, alarms) ? SF_EXIT_ALARM : SF_EXIT_DONE;
	sf_job_listing_release(&listing);
	return status;
}

static int show_jobs(struct sf_queue *queue, const struct options *options)
{
	int status = show_once(queue, options);

	/* Go on after an error: an operator wants to see Redis come back. */
	while (options->watch && !ferror(stdout)) {
		(void)sleep(WATCH_SECONDS);
		status = show_once(queue, options);
	}
	return status;
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

/* A command that changes failed jobs: `jobs requeue`. */
struct deed {
	const char *name;
	const char *done;
	enum sf_err (*carry_out)(
		struct sf_queue *queue, const char *id, int64_t *count);
};

static const struct deed deeds[] = {
	{ "requeue", "requeued", sf_queue_requeue },
	{ "delete", "deleted", sf_queue_delete },
};

static const struct deed *find_deed(const char *name)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
		if (strcmp(deeds[i].name, name) == 0)
			return &deeds[i];
	return NULL;
}

static enum sf_err change_jobs(
	struct sf_queue *queue, const struct deed *deed, const char *id)
{
	int64_t count = 0;
	enum sf_err err = deed->carry_out(queue, id, &count);

	if (err)
		return err;
	if (count == 0 && strcmp(id, "all") != 0) {
		(void)fprintf(stderr, "%s: there is no failed job %s\n",
			command.name, id);
		return SF_ERR_NOT_FOUND;
	}
	(void)printf("%s: %s %" PRId64 "\n", command.name, deed->done, count);
	return SF_OK;
}

static bool is_job_id(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < SF_JOB_ID_MAX &&
	       strspn(text, "0123456789") == length;
}

/* Returns the exit status. */
static int run_command(struct sf_queue *queue, int argc, char **argv)
{
	const struct deed *deed = argc > 1 ? find_deed(argv[1]) : NULL;
	struct options options;

	if (!deed) {
		options = parse_options(argc, argv);
		return show_jobs(queue, &options);
	}
	if (argc != 3 || (strcmp(argv[2], "all") != 0 && !is_job_id(argv[2])))
		sf_command_refuse(&command,
			"requeue and delete take the number of a job, or all");
	return sf_command_status(change_jobs(queue, deed, argv[2]));
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_queue *queue;
	int status;

	sf_command_start(&command, argc, argv, &config);
	queue = sf_queue_new(&config);
	status = run_command(queue, argc, argv);
	sf_queue_free(queue);
	return status;
}
