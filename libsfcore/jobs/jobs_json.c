/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON is only written here, never read, so printf(3) is enough. */
#include "jobs/jobs_json.h"

#include <inttypes.h>

static void print_string(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "\"%s\":\"", name);
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || strchr("\"\\", *text))
			(void)fprintf(out, "\\u%04x", (unsigned int)*text);
		else
			(void)fputc(*text, out);
	(void)fputc('"', out);
}

static void print_queues(const struct sf_job_listing *listing, FILE *out)
{
	for (enum sf_job_state state = 0; state < SF_JOB__MAX; state++)
		(void)fprintf(out, "%s{\"name\":\"%s\",\"length\":%zu}",
			state ? "," : "", sf_job_state_name(state),
			sf_job_count(listing, state));
}

static void print_job(const struct sf_job *job, FILE *out)
{
	print_string(out, "id", job->id);
	(void)fputc(',', out);
	print_string(out, "kind", job->kind);
	(void)fprintf(out,
		",\"state\":\"%s\",\"whenMs\":%" PRId64 ",\"starts\":%" PRId64
		",\"failures\":%" PRId64 ",",
		sf_job_state_name(job->state), job->when_ms, job->starts,
		job->failures);
	print_string(out, "worker", job->worker);
	(void)fputc(',', out);
	print_string(out, "error", job->error);
}

static void print_kind(const struct sf_job_kind *kind, FILE *out)
{
	print_string(out, "kind", kind->name);
	(void)fprintf(out,
		",\"succeededMs\":%" PRId64 ",\"tookMs\":%" PRId64 ",",
		kind->succeeded_ms, kind->took_ms);
	print_string(out, "result", kind->result);
	(void)fprintf(out, ",\"failedMs\":%" PRId64 ",", kind->failed_ms);
	print_string(out, "error", kind->error);
}

static void print_alarms(const struct sf_job_listing *listing, FILE *out)
{
	const char *alarms[SF_JOB_ALARMS_MAX];
	size_t count = sf_job_alarms(listing, alarms);

	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s\"%s\"", i ? "," : "", alarms[i]);
}

void sf_jobs_json_print(const struct sf_job_listing *listing, FILE *out)
{
	(void)fprintf(
		out, "{\"nowMs\":%" PRId64 ",\"queues\":[", listing->now_ms);
	print_queues(listing, out);
	(void)fputs("],\"workers\":[", out);
	for (size_t i = 0; i < listing->worker_count; i++) {
		(void)fputs(i ? ",{" : "{", out);
		print_string(out, "name", listing->workers[i].name);
		(void)fprintf(out, ",\"heartbeatMs\":%" PRId64 "}",
			listing->workers[i].heartbeat_ms);
	}
	(void)fputs("],\"jobs\":[", out);
	for (size_t i = 0; i < listing->job_count; i++) {
		(void)fputs(i ? ",{" : "{", out);
		print_job(&listing->jobs[i], out);
		(void)fputc('}', out);
	}
	(void)fputs("],\"kinds\":[", out);
	for (size_t i = 0; i < listing->kind_count; i++) {
		(void)fputs(i ? ",{" : "{", out);
		print_kind(&listing->kinds[i], out);
		(void)fputc('}', out);
	}
	(void)fputs("],\"alarms\":[", out);
	print_alarms(listing, out);
	(void)fputs("]}\n", out);
}
