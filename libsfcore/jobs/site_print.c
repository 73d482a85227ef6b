/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The status of a site in three forms. All texts are from this program, so none
 * needs an escape in JSON or in the text format of Prometheus:
 * https://prometheus.io/docs/instrumenting/exposition_formats
 */
#include "jobs/site.h"

#include <inttypes.h>
#include <time.h>

#include "http/http.h"

#define N "%" PRId64

static bool is_error(enum sf_err err)
{
	return err == SF_ERR_INTERNAL || err == SF_ERR_UNAVAILABLE;
}

static const char *name_state(enum sf_site_part_state state)
{
	static const char *const names[] = {
		[SF_SITE_ABSENT] = "absent",
		[SF_SITE_DOWN] = "down",
		[SF_SITE_UP] = "up",
	};

	return names[state];
}

/* How long ago that was, in seconds; 0 for 0. */
static int64_t count_seconds(const struct sf_site *site, int64_t at_ms)
{
	return at_ms ? (site->now_ms - at_ms) / 1000 : 0;
}

static void print_store(const struct sf_site *site, FILE *out)
{
	const struct sf_survey *survey = &site->survey;

	(void)fprintf(out, "store      %s", name_state(site->store));
	if (survey->room_bytes)
		(void)fprintf(out, ", " N " of " N " KB used (" N " %%)",
			survey->used_bytes / 1024, survey->room_bytes / 1024,
			survey->used_bytes * 100 / survey->room_bytes);
	(void)fprintf(out, "\n");
	if (site->store != SF_SITE_UP)
		return;
	(void)fprintf(out,
		"chats      draft " N "   ready " N "   closed " N
		"   unreadable " N "\n",
		survey->chats[SF_STATUS_DRAFT], survey->chats[SF_STATUS_READY],
		survey->chats[SF_STATUS_CLOSED], survey->unreadable);
	(void)fprintf(out, "people     " N " asked in the last " N " s\n",
		survey->people, site->recent_ms / 1000);
	(void)fprintf(out, "messages   " N " wait\n", survey->messages);
	if (survey->oldest_ms)
		(void)fprintf(out, "oldest     chat " N " s",
			count_seconds(site, survey->oldest_ms));
	if (survey->oldest_waiting_ms)
		(void)fprintf(out, ", chat with a waiting message " N " s",
			count_seconds(site, survey->oldest_waiting_ms));
	if (survey->oldest_ms)
		(void)fprintf(out, "\n");
}

static void print_refusals(
	const struct sf_site *site, const char *title, bool errors, FILE *out)
{
	(void)fprintf(out, "%-10s", title);
	for (enum sf_err err = SF_OK; err < SF_ERR__MAX; err++)
		if (sf_site_refusal_name(err) && is_error(err) == errors)
			(void)fprintf(out, " %s " N, sf_site_refusal_name(err),
				site->refused[err]);
	(void)fprintf(out, "\n");
}

static void print_counters(const struct sf_site *site, FILE *out)
{
	char date[SF_HTTP_DATE_SIZE];

	if (!site->since_ms)
		return;
	sf_http_date_format(site->since_ms / 1000, date);
	(void)fprintf(out, "counted    since %s\n", date);
	print_refusals(site, "refused", false, out);
	print_refusals(site, "errors", true, out);
}

static void print_sweep(const struct sf_site *site, FILE *out)
{
	const struct sf_job_kind *sweep = &site->sweep;

	if (sweep->succeeded_ms)
		(void)fprintf(out, "sweep      " N " s ago in " N " ms: %s\n",
			count_seconds(site, sweep->succeeded_ms),
			sweep->took_ms, sweep->result);
	else
		(void)fprintf(out, "sweep      never\n");
	if (sweep->failed_ms)
		(void)fprintf(out, "           failed " N " s ago: %s\n",
			count_seconds(site, sweep->failed_ms), sweep->error);
}

void sf_site_print_text(const struct sf_site *site, FILE *out)
{
	(void)fprintf(out, "version    %s\n", SF_VERSION);
	print_store(site, out);
	(void)fprintf(out, "redis      %s\n", name_state(site->redis));
	if (site->redis == SF_SITE_UP)
		(void)fprintf(out,
			"jobs       waiting " N "   delayed " N "   running " N
			"   failed " N "\n",
			site->jobs[SF_JOB_WAITING], site->jobs[SF_JOB_DELAYED],
			site->jobs[SF_JOB_RUNNING], site->jobs[SF_JOB_FAILED]);
	print_sweep(site, out);
	print_counters(site, out);
	for (size_t i = 0; i < site->alarm_count; i++)
		(void)fprintf(out, "ALARM      %s\n", site->alarms[i]);
}

static void print_json_store(const struct sf_site *site, FILE *out)
{
	const struct sf_survey *survey = &site->survey;

	(void)fprintf(
		out, "\"store\":{\"state\":\"%s\"", name_state(site->store));
	if (survey->room_bytes)
		(void)fprintf(out, ",\"usedBytes\":" N ",\"roomBytes\":" N,
			survey->used_bytes, survey->room_bytes);
	(void)fprintf(out, "},");
	if (site->store != SF_SITE_UP)
		return;
	(void)fprintf(out,
		"\"chats\":{\"draft\":" N ",\"ready\":" N ",\"closed\":" N
		",\"unreadable\":" N "},\"people\":" N ",\"messages\":" N ",",
		survey->chats[SF_STATUS_DRAFT], survey->chats[SF_STATUS_READY],
		survey->chats[SF_STATUS_CLOSED], survey->unreadable,
		survey->people, survey->messages);
	(void)fprintf(out,
		"\"oldestChatSeconds\":" N ",\"oldestWaitingChatSeconds\":" N
		",",
		count_seconds(site, survey->oldest_ms),
		count_seconds(site, survey->oldest_waiting_ms));
}

static void print_json_jobs(const struct sf_site *site, FILE *out)
{
	const struct sf_job_kind *sweep = &site->sweep;

	(void)fprintf(
		out, "\"redis\":{\"state\":\"%s\"},", name_state(site->redis));
	if (site->redis == SF_SITE_UP) {
		(void)fprintf(out, "\"jobs\":");
		for (enum sf_job_state state = 0; state < SF_JOB__MAX; state++)
			(void)fprintf(out, "%c\"%s\":" N, state ? ',' : '{',
				sf_job_state_name(state), site->jobs[state]);
		(void)fprintf(out, "},");
	}
	(void)fprintf(out,
		"\"sweep\":{\"succeededMs\":" N ",\"tookMs\":" N
		",\"result\":\"%s\",\"failedMs\":" N ",\"error\":\"%s\"},",
		sweep->succeeded_ms, sweep->took_ms, sweep->result,
		sweep->failed_ms, sweep->error);
}

static void print_json_refusals(
	const struct sf_site *site, const char *name, bool errors, FILE *out)
{
	const char *comma = "";

	(void)fprintf(out, "\"%s\":{", name);
	for (enum sf_err err = SF_OK; err < SF_ERR__MAX; err++) {
		if (!sf_site_refusal_name(err) || is_error(err) != errors)
			continue;
		(void)fprintf(out, "%s\"%s\":" N, comma,
			sf_site_refusal_name(err), site->refused[err]);
		comma = ",";
	}
	(void)fprintf(out, "},");
}

void sf_site_print_json(const struct sf_site *site, FILE *out)
{
	(void)fprintf(out, "{\"version\":\"%s\",\"nowMs\":" N ",", SF_VERSION,
		site->now_ms);
	print_json_store(site, out);
	print_json_jobs(site, out);
	if (site->since_ms) {
		(void)fprintf(out, "\"sinceMs\":" N ",", site->since_ms);
		print_json_refusals(site, "refused", false, out);
		print_json_refusals(site, "errors", true, out);
	}
	(void)fprintf(out, "\"alarms\":[");
	for (size_t i = 0; i < site->alarm_count; i++)
		(void)fprintf(out, "%s\"%s\"", i ? "," : "", site->alarms[i]);
	(void)fprintf(out, "]}\n");
}

static void begin_metric(
	const char *name, const char *type, const char *help, FILE *out)
{
	(void)fprintf(
		out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_gauge(
	const char *name, const char *help, int64_t value, FILE *out)
{
	begin_metric(name, "gauge", help, out);
	(void)fprintf(out, "%s " N "\n", name, value);
}

/* A time or a duration, in seconds. */
static void print_seconds(
	const char *name, const char *help, int64_t value_ms, FILE *out)
{
	begin_metric(name, "gauge", help, out);
	(void)fprintf(out, "%s " N ".%03" PRId64 "\n", name, value_ms / 1000,
		value_ms % 1000);
}

static void print_chat_metrics(const struct sf_site *site, FILE *out)
{
	const struct sf_survey *survey = &site->survey;

	begin_metric("sfchat_chats", "gauge", "Chats in the store.", out);
	for (enum sf_status status = 0; status < SF_STATUS__MAX; status++)
		(void)fprintf(out, "sfchat_chats{status=\"%s\"} " N "\n",
			sf_status_name(status), survey->chats[status]);
	print_gauge("sfchat_chats_unreadable", "Documents that are not chats.",
		survey->unreadable, out);
	print_gauge("sfchat_people", "Participants who may wait now.",
		survey->people, out);
	print_gauge("sfchat_messages", "Messages that wait.", survey->messages,
		out);
	print_gauge("sfchat_oldest_chat_seconds", "Age of the oldest chat.",
		count_seconds(site, survey->oldest_ms), out);
	print_gauge("sfchat_oldest_waiting_chat_seconds",
		"Age of the oldest chat in which a message waits.",
		count_seconds(site, survey->oldest_waiting_ms), out);
	if (!survey->room_bytes)
		return;
	print_gauge("sfchat_store_used_bytes", "Bytes that chats take up.",
		survey->used_bytes, out);
	print_gauge("sfchat_store_room_bytes", "Bytes that chats may take up.",
		survey->room_bytes, out);
}

static void print_job_metrics(const struct sf_site *site, FILE *out)
{
	const struct sf_job_kind *sweep = &site->sweep;

	if (site->redis == SF_SITE_UP) {
		begin_metric("sfchat_jobs", "gauge", "Background jobs.", out);
		for (enum sf_job_state state = 0; state < SF_JOB__MAX; state++)
			(void)fprintf(out, "sfchat_jobs{state=\"%s\"} " N "\n",
				sf_job_state_name(state), site->jobs[state]);
	}
	print_seconds("sfchat_sweep_success_timestamp_seconds",
		"When a sweep last succeeded; 0: never.", sweep->succeeded_ms,
		out);
	print_seconds("sfchat_sweep_failure_timestamp_seconds",
		"When a sweep last failed; 0: never.", sweep->failed_ms, out);
	print_seconds("sfchat_sweep_duration_seconds",
		"How long the last successful sweep took.", sweep->took_ms,
		out);
}

static void print_refusal_metrics(const struct sf_site *site, FILE *out)
{
	begin_metric("sfchat_refused_total", "counter",
		"Requests that this machine has refused.", out);
	for (enum sf_err err = SF_OK; err < SF_ERR__MAX; err++)
		if (sf_site_refusal_name(err))
			(void)fprintf(out,
				"sfchat_refused_total{reason=\"%s\"} " N "\n",
				sf_site_refusal_name(err), site->refused[err]);
}

void sf_site_print_prometheus(const struct sf_site *site, FILE *out)
{
	begin_metric("sfchat_info", "gauge", "The version.", out);
	(void)fprintf(out, "sfchat_info{version=\"%s\"} 1\n", SF_VERSION);
	begin_metric("sfchat_up", "gauge", "Whether a part can be used.", out);
	(void)fprintf(out, "sfchat_up{part=\"store\"} %d\n",
		site->store == SF_SITE_UP);
	if (site->redis != SF_SITE_ABSENT)
		(void)fprintf(out, "sfchat_up{part=\"redis\"} %d\n",
			site->redis == SF_SITE_UP);
	if (site->store == SF_SITE_UP)
		print_chat_metrics(site, out);
	print_job_metrics(site, out);
	if (site->since_ms)
		print_refusal_metrics(site, out);
	print_gauge("sfchat_alarms", "Reasons to call an operator.",
		(int64_t)site->alarm_count, out);
}
