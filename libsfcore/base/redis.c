/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Uses hiredis to write commands and to read replies, but not to connect: the
 * hiredis of Debian 12 has no TLS, and any hiredis would look up a host name
 * without a limit in time. An error reply of Redis may quote the command, so
 * only the first word of the reply is logged.
 */
#include "base/redis.h"

#include <netdb.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"

#define READ_SIZE 4096

void sf_redis_init(struct sf_redis *out, const struct sf_redis_address *address,
	int timeout_ms)
{
	*out = (struct sf_redis){
		.address = *address,
		.timeout_ms = timeout_ms,
		.stream = { .fd = -1 },
	};
}

void sf_redis_release(struct sf_redis *redis)
{
	sf_redis_stream_close(&redis->stream);
	if (redis->reader)
		redisReaderFree(redis->reader);
	redis->reader = NULL;
}

/*
 * In a statically linked program the linker replaces getaddrinfo() and
 * freeaddrinfo(), which hiredis calls, with these two functions
 * (store/lmdb/store.mk). hiredis does not connect, so they are never called.
 */
int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *found);

int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)out;
	return EAI_NONAME;
}

void __wrap_freeaddrinfo(struct addrinfo *found)
{
	(void)found;
}

static int64_t set_end(const struct sf_redis *redis)
{
	return sf_clock_ms(CLOCK_MONOTONIC) + redis->timeout_ms;
}

static enum sf_err drop_connection(struct sf_redis *redis, const char *why)
{
	if (!redis->down)
		sf_log("Redis cannot be used: %s", why);
	redis->down = true;
	sf_redis_release(redis);
	return SF_ERR_UNAVAILABLE;
}

/* Error replies that an operator can mend, by their first word. */
static const struct {
	const char *word;
	const char *meaning;
} refusals[] = {
	{ "WRONGPASS", "it refuses the user or the password" },
	{ "NOAUTH", "it demands a password" },
	{ "NOPERM", "its user may not use a command, a key or a channel" },
};

static enum sf_err drop_after_error_reply(
	struct sf_redis *redis, const char *command, redisReply *reply)
{
	char why[96];

	(void)snprintf(why, sizeof(why), "it answers %.*s",
		(int)strcspn(reply->str, " "), reply->str);
	/* A server without any password answers ERR. */
	if (strcmp(command, "AUTH") == 0)
		(void)snprintf(why, sizeof(why), "%s", refusals[0].meaning);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (strncmp(reply->str, refusals[i].word,
			    strlen(refusals[i].word)) == 0)
			(void)snprintf(
				why, sizeof(why), "%s", refusals[i].meaning);
	freeReplyObject(reply);
	return drop_connection(redis, why);
}

/* Results as sf_redis_stream_read(), or the length of the command. */
static ssize_t write_command(struct sf_redis *redis, size_t count,
	const char *const words[], int64_t end_ms)
{
	ssize_t sent;
	char *text;
	/* hiredis does not change the words, but its parameter is not const. */
	long long size = redisFormatCommandArgv(
		&text, (int)count, (const char **)(uintptr_t)words, NULL);

	if (size < 0)
		sf_die("out of memory");
	sent = sf_redis_stream_write(
		&redis->stream, text, (size_t)size, end_ms);
	redisFreeCommand(text);
	return sent;
}

/*
 * SF_ERR_NOT_FOUND: the time is over. SF_ERR_UNAVAILABLE: the connection is
 * lost, or the peer does not speak as Redis does.
 */
static enum sf_err read_reply(
	struct sf_redis *redis, int64_t end_ms, redisReply **out)
{
	for (;;) {
		char bytes[READ_SIZE];
		void *reply = NULL;
		ssize_t got;

		if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK)
			return SF_ERR_UNAVAILABLE;
		*out = reply;
		if (reply)
			return SF_OK;
		got = sf_redis_stream_read(
			&redis->stream, bytes, sizeof(bytes), end_ms);
		if (got <= 0)
			return got == 0 ? SF_ERR_NOT_FOUND : SF_ERR_UNAVAILABLE;
		if (redisReaderFeed(redis->reader, bytes, (size_t)got) !=
			REDIS_OK)
			return SF_ERR_UNAVAILABLE;
	}
}

static enum sf_err send_command(struct sf_redis *redis, size_t count,
	const char *const words[], int64_t end_ms, redisReply **out)
{
	ssize_t sent = write_command(redis, count, words, end_ms);
	enum sf_err err = SF_ERR_UNAVAILABLE;
	redisReply *reply = NULL;

	if (sent == 0)
		err = SF_ERR_NOT_FOUND;
	if (sent > 0)
		err = read_reply(redis, end_ms, &reply);
	if (err == SF_ERR_NOT_FOUND)
		return drop_connection(redis, "it does not answer in time");
	if (err)
		return drop_connection(redis, "the connection is lost");
	if (reply->type == REDIS_REPLY_ERROR)
		return drop_after_error_reply(redis, words[0], reply);
	if (out)
		*out = reply;
	else
		freeReplyObject(reply);
	return SF_OK;
}

static enum sf_err log_in(struct sf_redis *redis, int64_t end_ms)
{
	const struct sf_redis_address *address = &redis->address;
	char database[12];
	const char *const user[] = { "AUTH", address->user, address->password };
	const char *const auth[] = { "AUTH", address->password };
	const char *const select[] = { "SELECT", database };
	enum sf_err err = SF_OK;

	(void)snprintf(database, sizeof(database), "%d", address->database);
	if (*address->user)
		err = send_command(redis, 3, user, end_ms, NULL);
	else if (*address->password)
		err = send_command(redis, 2, auth, end_ms, NULL);
	if (!err && address->database != 0)
		err = send_command(redis, 2, select, end_ms, NULL);
	return err;
}

static enum sf_err connect_redis(struct sf_redis *redis)
{
	int64_t end_ms = set_end(redis);
	struct sf_detail why;

	if (sf_redis_stream_open(
		    &redis->address, end_ms, &redis->stream, &why) != SF_OK)
		return drop_connection(redis, why.text);
	redis->reader = redisReaderCreate();
	if (!redis->reader)
		sf_die("out of memory");
	return log_in(redis, end_ms);
}

enum sf_err sf_redis_call(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out)
{
	enum sf_err err = redis->reader ? SF_OK : connect_redis(redis);

	if (!err)
		err = send_command(redis, count, words, set_end(redis), out);
	if (!err)
		redis->down = false;
	return err;
}

enum sf_err sf_redis_receive(
	struct sf_redis *redis, int timeout_ms, redisReply **out)
{
	int64_t end_ms = sf_clock_ms(CLOCK_MONOTONIC) + timeout_ms;
	enum sf_err err = SF_ERR_UNAVAILABLE;

	if (redis->reader)
		err = read_reply(redis, end_ms, out);
	if (err == SF_ERR_UNAVAILABLE)
		sf_redis_release(redis);
	return err;
}
