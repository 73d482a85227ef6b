/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scripts of the queue, and the functions that call them. The braces in the
 * keys keep all keys on one node of a Redis cluster.
 */
#include "jobs/queue.h"

#include <assert.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redis.h"
#include "base/token.h"

#define TIMEOUT_MS 2000
/* The list drops a worker that has given no sign of life for so long. */
#define WORKER_FORGET_MS 3600000

#define KEYS "sfchat:{jobs}:"
#define HOLDER_MAX (SF_TOKEN_DIGITS + 1)

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

/* Each script begins with this. */
#define PRELUDE                                                                \
	"local prefix, call = KEYS[1], redis.call\n"                           \
	"local queued, running = prefix .. 'queued', prefix .. 'running'\n"    \
	"local failed, workers = prefix .. 'failed', prefix .. 'workers'\n"    \
	"local time = call('TIME')\n"                                          \
	"local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"            \
	"local function job(id) return prefix .. 'job:' .. id end\n"           \
	"local function kind_of(id)\n"                                         \
	"	local kind = call('HGET', job(id), 'kind') or ''\n"                  \
	"	call('SADD', prefix .. 'kinds', kind)\n"                             \
	"	call('HSETNX', prefix .. 'kind:' .. kind, 'since', now)\n"           \
	"	return prefix .. 'kind:' .. kind\n"                                  \
	"end\n"                                                                \
	"local function end_lease(id, set, score)\n"                           \
	"	call('ZREM', running, id)\n"                                         \
	"	call('HDEL', job(id), 'holder', 'worker')\n"                         \
	"	call('ZADD', set, score, id)\n"                                      \
	"end\n"

/* Arguments: worker, holder, id. The script ends if the holder is another. */
#define REQUIRE_HOLDER                                                         \
	"local id = ARGV[3]\n"                                                 \
	"if call('HGET', job(id), 'holder') ~= ARGV[2] then\n"                 \
	"	return 0\n"                                                          \
	"end\n"

/* clang-format would join the lines of a script. */
/* clang-format off */

/* Argument: kind. */
static const char add_script[] = PRELUDE
	"for _, set in ipairs({queued, running}) do\n"
	"	for _, id in ipairs(call('ZRANGE', set, 0, -1)) do\n"
	"		if call('HGET', job(id), 'kind') == ARGV[1] then\n"
	"			return 0\n"
	"		end\n"
	"	end\n"
	"end\n"
	"local id = string.format('%.0f', call('INCR', prefix .. 'last'))\n"
	"call('HSET', job(id), 'kind', ARGV[1])\n"
	"call('ZADD', queued, now, id)\n"
	"return 1\n";

/* Arguments: worker, holder. */
static const char take_script[] = PRELUDE
	"call('ZADD', workers, now, ARGV[1])\n"
	"call('ZREMRANGEBYSCORE', workers, '-inf',\n"
	"	now - " TEXT(WORKER_FORGET_MS) ")\n"
	"for _, id in ipairs(call('ZRANGEBYSCORE', running, '-inf', now)) do\n"
	"	end_lease(id, queued, now)\n"
	"end\n"
	"local id = call('ZRANGEBYSCORE', queued, '-inf', now,\n"
	"	'LIMIT', 0, 1)[1]\n"
	"if not id then\n"
	"	return {}\n"
	"end\n"
	"call('ZREM', queued, id)\n"
	"call('ZADD', running, now + " TEXT(SF_QUEUE_LEASE_MS) ", id)\n"
	"call('HSET', job(id), 'worker', ARGV[1], 'holder', ARGV[2],\n"
	"	'taken', now)\n"
	"call('HINCRBY', job(id), 'starts', 1)\n"
	"return {id, call('HGET', job(id), 'kind') or ''}\n";

/* Arguments: worker, holder, id. */
static const char keep_script[] = PRELUDE
	"call('ZADD', workers, now, ARGV[1])\n"
	REQUIRE_HOLDER
	"call('ZADD', running, now + " TEXT(SF_QUEUE_LEASE_MS) ", id)\n"
	"return 1\n";

/* Arguments: worker, holder, id, result. */
static const char finish_script[] = PRELUDE REQUIRE_HOLDER
	"local taken = call('HGET', job(id), 'taken') or now\n"
	"call('HSET', kind_of(id), 'succeeded', now, 'took', now - taken,\n"
	"	'result', ARGV[4])\n"
	"call('ZREM', running, id)\n"
	"call('DEL', job(id))\n"
	"return 1\n";

/* Arguments: worker, holder, id, error. */
static const char fail_script[] = PRELUDE REQUIRE_HOLDER
	"call('HSET', job(id), 'error', ARGV[4])\n"
	"call('HSET', kind_of(id), 'failed', now, 'error', ARGV[4])\n"
	"local failures = call('HINCRBY', job(id), 'failures', 1)\n"
	"if failures < " TEXT(SF_QUEUE_FAILURES_MAX) " then\n"
	"	end_lease(id, queued,\n"
	"		now + " TEXT(SF_QUEUE_PAUSE_MS) " * 3 ^ (failures - 1))\n"
	"	return 1\n"
	"end\n"
	"end_lease(id, failed, now)\n"
	"for _, old in ipairs(call('ZRANGE', failed, 0,\n"
	"	-1 - " TEXT(SF_QUEUE_FAILED_MAX) ")) do\n"
	"	call('ZREM', failed, old)\n"
	"	call('DEL', job(old))\n"
	"end\n"
	"return 1\n";

/* Argument: id, or "all". `deed` is done to each failed job of that name. */
#define FOR_FAILED(deed) PRELUDE                                               \
	"local ids, count = {ARGV[1]}, 0\n"                                    \
	"if ARGV[1] == 'all' then\n"                                           \
	"	ids = call('ZRANGE', failed, 0, -1)\n"                              \
	"end\n"                                                                \
	"for _, id in ipairs(ids) do\n"                                        \
	"	if call('ZREM', failed, id) == 1 then\n"                            \
	deed                                                                   \
	"		count = count + 1\n"                                         \
	"	end\n"                                                              \
	"end\n"                                                                \
	"return count\n"

static const char requeue_script[] = FOR_FAILED(
	"		call('HDEL', job(id), 'failures')\n"
	"		call('ZADD', queued, now, id)\n");

static const char delete_script[] = FOR_FAILED(
	"		call('DEL', job(id))\n");

/*
 * No arguments. The fields of a job are in the order of enum field, those of a
 * kind in the order of enum kind_field.
 */
static const char list_script[] = PRELUDE
	"local jobs = {}\n"
	"for _, set in ipairs({'queued', 'running', 'failed'}) do\n"
	"	local ids = call('ZRANGE', prefix .. set, 0, -1, 'WITHSCORES')\n"
	"	for i = 1, #ids, 2 do\n"
	"		local known = call('HMGET', job(ids[i]), 'kind',\n"
	"			'starts', 'failures', 'worker', 'error')\n"
	"		local fields = {set, ids[i], ids[i + 1]}\n"
	"		for j = 1, 5 do\n"
	"			fields[3 + j] = known[j] or ''\n"
	"		end\n"
	"		jobs[#jobs + 1] = fields\n"
	"	end\n"
	"end\n"
	"local names, kinds = call('SMEMBERS', prefix .. 'kinds'), {}\n"
	"table.sort(names)\n"
	"for i, name in ipairs(names) do\n"
	"	local known = call('HMGET', prefix .. 'kind:' .. name,\n"
	"		'since', 'succeeded', 'took', 'result', 'failed',\n"
	"		'error')\n"
	"	kinds[i] = {name}\n"
	"	for j = 1, 6 do\n"
	"		kinds[i][1 + j] = known[j] or ''\n"
	"	end\n"
	"end\n"
	"return {string.format('%.0f', now),\n"
	"	call('ZRANGE', workers, 0, -1, 'WITHSCORES'), jobs, kinds}\n";

/* clang-format on */

enum field {
	FIELD_SET,
	FIELD_ID,
	FIELD_WHEN,
	FIELD_KIND,
	FIELD_STARTS,
	FIELD_FAILURES,
	FIELD_WORKER,
	FIELD_ERROR,
	FIELD__MAX
};

enum kind_field {
	KIND_NAME,
	KIND_SINCE,
	KIND_SUCCEEDED,
	KIND_TOOK,
	KIND_RESULT,
	KIND_FAILED,
	KIND_ERROR,
	KIND__MAX
};

struct sf_queue {
	struct sf_redis redis;
	char worker[SF_JOB_WORKER_MAX];
	/* The current job; "" without one. */
	char id[SF_JOB_ID_MAX];
	char holder[HOLDER_MAX];
	/* When this worker last took or renewed the lease, by read_clock(). */
	int64_t renewed_ms;
};

/* CLOCK_BOOTTIME goes on while the machine sleeps, as Redis' clock does. */
static int64_t read_clock(void)
{
	return sf_clock_ms(CLOCK_BOOTTIME);
}

struct sf_queue *sf_queue_new(const struct sf_config *config)
{
	struct sf_queue *queue = sf_alloc(sizeof(*queue));
	char host[65] = "";

	*queue = (struct sf_queue){ .renewed_ms = 0 };
	sf_redis_init(&queue->redis, &config->redis, TIMEOUT_MS);
	/* gethostname(2) cuts a name that is too long, maybe without a NUL. */
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(queue->worker, sizeof(queue->worker), "%s:%d", host,
		(int)getpid());
	return queue;
}

void sf_queue_free(struct sf_queue *queue)
{
	if (!queue)
		return;
	sf_redis_release(&queue->redis);
	free(queue);
}

const char *sf_queue_worker(const struct sf_queue *queue)
{
	return queue->worker;
}

static enum sf_err drop_unexpected_reply(redisReply *reply)
{
	sf_log("queue: Redis sent an unexpected reply");
	freeReplyObject(reply);
	return SF_ERR_INTERNAL;
}

/* `arguments` ends with NULL. */
static enum sf_err evaluate_script(struct sf_queue *queue, const char *script,
	const char *const arguments[], redisReply **out)
{
	const char *words[8] = { "EVAL", script, "1", KEYS };
	size_t count = 4;

	while (*arguments) {
		assert(count < sizeof(words) / sizeof(*words));
		words[count++] = *arguments++;
	}
	return sf_redis_call(&queue->redis, count, words, out);
}

static enum sf_err evaluate_count(struct sf_queue *queue, const char *script,
	const char *const arguments[], int64_t *out)
{
	redisReply *reply;
	enum sf_err err = evaluate_script(queue, script, arguments, &reply);

	if (err)
		return err;
	if (reply->type != REDIS_REPLY_INTEGER)
		return drop_unexpected_reply(reply);
	*out = reply->integer;
	freeReplyObject(reply);
	return SF_OK;
}

/* SF_ERR_CONFLICT: the script changed nothing. */
static enum sf_err evaluate_change(struct sf_queue *queue, const char *script,
	const char *const arguments[])
{
	int64_t count;
	enum sf_err err = evaluate_count(queue, script, arguments, &count);

	return !err && count == 0 ? SF_ERR_CONFLICT : err;
}

enum sf_err sf_queue_add(struct sf_queue *queue, const char *kind)
{
	const char *const arguments[] = { kind, NULL };

	return evaluate_change(queue, add_script, arguments);
}

/* `text` is an argument more, or NULL. */
static enum sf_err evaluate_as_holder(
	struct sf_queue *queue, const char *script, const char *text)
{
	const char *const arguments[] = { queue->worker, queue->holder,
		queue->id, text, NULL };

	return evaluate_change(queue, script, arguments);
}

static bool is_list(const redisReply *reply, size_t count)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return false;
	return true;
}

static void copy_string(const redisReply *reply, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", reply->str);
}

enum sf_err sf_queue_take(struct sf_queue *queue, struct sf_job *out)
{
	const char *const arguments[] = { queue->worker, queue->holder, NULL };
	struct sf_token holder;
	redisReply *reply;
	enum sf_err err;

	sf_token_generate(&holder);
	sf_token_format(&holder, queue->holder);
	queue->id[0] = '\0';
	queue->renewed_ms = read_clock();
	err = evaluate_script(queue, take_script, arguments, &reply);
	if (err)
		return err;
	if (is_list(reply, 0)) {
		freeReplyObject(reply);
		return SF_ERR_NOT_FOUND;
	}
	if (!is_list(reply, 2))
		return drop_unexpected_reply(reply);
	*out = (struct sf_job){ .state = SF_JOB_RUNNING };
	copy_string(reply->element[0], out->id, sizeof(out->id));
	copy_string(reply->element[1], out->kind, sizeof(out->kind));
	memcpy(queue->id, out->id, sizeof(out->id));
	freeReplyObject(reply);
	return SF_OK;
}

enum sf_err sf_queue_keep(struct sf_queue *queue)
{
	int64_t now_ms = read_clock();
	enum sf_err err;

	if (now_ms - queue->renewed_ms < SF_QUEUE_LEASE_MS / 3)
		return SF_OK;
	err = evaluate_as_holder(queue, keep_script, NULL);
	if (!err)
		queue->renewed_ms = now_ms;
	if (err == SF_ERR_CONFLICT)
		return err;
	/* Read the clock again: the call may have outlasted the lease. */
	now_ms = read_clock();
	return now_ms - queue->renewed_ms < SF_QUEUE_LEASE_MS ? SF_OK
							      : SF_ERR_CONFLICT;
}

enum sf_err sf_queue_finish(struct sf_queue *queue, const char *result)
{
	return evaluate_as_holder(queue, finish_script, result);
}

enum sf_err sf_queue_fail(struct sf_queue *queue, const char *error)
{
	return evaluate_as_holder(queue, fail_script, error);
}

enum sf_err sf_queue_leave(struct sf_queue *queue)
{
	const char *const words[] = { "ZREM", KEYS "workers", queue->worker };

	return sf_redis_call(&queue->redis, 3, words, NULL);
}

enum sf_err sf_queue_requeue(
	struct sf_queue *queue, const char *id, int64_t *count)
{
	const char *const arguments[] = { id, NULL };

	return evaluate_count(queue, requeue_script, arguments, count);
}

enum sf_err sf_queue_delete(
	struct sf_queue *queue, const char *id, int64_t *count)
{
	const char *const arguments[] = { id, NULL };

	return evaluate_count(queue, delete_script, arguments, count);
}

static int64_t parse_reply(const redisReply *reply)
{
	return strtoll(reply->str, NULL, 10);
}

static void read_workers(const redisReply *reply, struct sf_job_listing *out)
{
	out->worker_count = reply->elements / 2;
	out->workers =
		sf_realloc(NULL, out->worker_count, sizeof(*out->workers));
	for (size_t i = 0; i < out->worker_count; i++) {
		struct sf_job_worker *worker = &out->workers[i];

		copy_string(reply->element[2 * i], worker->name,
			sizeof(worker->name));
		worker->heartbeat_ms = parse_reply(reply->element[2 * i + 1]);
	}
}

static void read_job(
	redisReply *const fields[], int64_t now_ms, struct sf_job *out)
{
	const char *set = fields[FIELD_SET]->str;

	copy_string(fields[FIELD_ID], out->id, sizeof(out->id));
	copy_string(fields[FIELD_KIND], out->kind, sizeof(out->kind));
	copy_string(fields[FIELD_WORKER], out->worker, sizeof(out->worker));
	copy_string(fields[FIELD_ERROR], out->error, sizeof(out->error));
	out->when_ms = parse_reply(fields[FIELD_WHEN]);
	out->starts = parse_reply(fields[FIELD_STARTS]);
	out->failures = parse_reply(fields[FIELD_FAILURES]);
	if (strcmp(set, "running") == 0)
		out->state = SF_JOB_RUNNING;
	else if (strcmp(set, "failed") == 0)
		out->state = SF_JOB_FAILED;
	else
		out->state =
			out->when_ms > now_ms ? SF_JOB_DELAYED : SF_JOB_WAITING;
}

static void read_kind(redisReply *const fields[], struct sf_job_kind *out)
{
	copy_string(fields[KIND_NAME], out->name, sizeof(out->name));
	copy_string(fields[KIND_RESULT], out->result, sizeof(out->result));
	copy_string(fields[KIND_ERROR], out->error, sizeof(out->error));
	out->since_ms = parse_reply(fields[KIND_SINCE]);
	out->succeeded_ms = parse_reply(fields[KIND_SUCCEEDED]);
	out->took_ms = parse_reply(fields[KIND_TOOK]);
	out->failed_ms = parse_reply(fields[KIND_FAILED]);
}

/* A list of lists, each of `count` strings. */
static bool is_table(const redisReply *reply, size_t count)
{
	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		if (!is_list(reply->element[i], count))
			return false;
	return true;
}

static bool is_listing(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 4 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       is_list(reply->element[1], reply->element[1]->elements) &&
	       is_table(reply->element[2], FIELD__MAX) &&
	       is_table(reply->element[3], KIND__MAX);
}

enum sf_err sf_queue_list(struct sf_queue *queue, struct sf_job_listing *out)
{
	const char *const arguments[] = { NULL };
	const redisReply *jobs;
	const redisReply *kinds;
	redisReply *reply;
	enum sf_err err =
		evaluate_script(queue, list_script, arguments, &reply);

	if (err)
		return err;
	if (!is_listing(reply))
		return drop_unexpected_reply(reply);
	jobs = reply->element[2];
	kinds = reply->element[3];
	*out = (struct sf_job_listing){
		.now_ms = parse_reply(reply->element[0]),
		.job_count = jobs->elements,
		.jobs = sf_realloc(NULL, jobs->elements, sizeof(*out->jobs)),
		.kind_count = kinds->elements,
		.kinds = sf_realloc(NULL, kinds->elements, sizeof(*out->kinds)),
	};
	read_workers(reply->element[1], out);
	for (size_t i = 0; i < out->job_count; i++)
		read_job(jobs->element[i]->element, out->now_ms, &out->jobs[i]);
	for (size_t i = 0; i < out->kind_count; i++)
		read_kind(kinds->element[i]->element, &out->kinds[i]);
	freeReplyObject(reply);
	return SF_OK;
}
