/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This file connects the socket itself, because hiredis would call the
 * resolver, and a static program would then contain the resolver. An error
 * reply of Redis may quote the command, so only the first word of the reply is
 * logged.
 */
#include "base/redis.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"

void sf_redis_init(struct sf_redis *out, const struct sf_redis_address *address,
	int timeout_ms)
{
	*out = (struct sf_redis){
		.address = *address,
		.timeout_ms = timeout_ms,
	};
}

void sf_redis_release(struct sf_redis *redis)
{
	if (redis->context)
		redisFree(redis->context);
	redis->context = NULL;
}

/*
 * In a statically linked program the linker replaces getaddrinfo() and
 * freeaddrinfo(), which hiredis calls, with these two functions
 * (store/lmdb/store.mk). The addresses are literal, so they are never called.
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

static enum sf_err drop_connection(struct sf_redis *redis, const char *why)
{
	if (!redis->down)
		sf_log("Redis cannot be used: %s", why);
	redis->down = true;
	sf_redis_release(redis);
	return SF_ERR_UNAVAILABLE;
}

static enum sf_err drop_after_error_reply(
	struct sf_redis *redis, redisReply *reply)
{
	char why[64];

	(void)snprintf(why, sizeof(why), "it answers %.*s",
		(int)strcspn(reply->str, " "), reply->str);
	freeReplyObject(reply);
	return drop_connection(redis, why);
}

/* Returns the connected socket, or -errno. */
static int open_socket(
	const struct sf_redis_address *address, const struct timeval *timeout)
{
	int fd = socket(
		address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	/* This timeout also limits connect(2), which returns EINPROGRESS. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeout,
		    sizeof(*timeout)) == 0 &&
		connect(fd, (const struct sockaddr *)&address->socket,
			address->socket_size) == 0)
		return fd;
	error = errno == EINPROGRESS ? ETIMEDOUT : errno;
	(void)close(fd);
	return -error;
}

static enum sf_err send_command(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out)
{
	/* hiredis does not change the words, but its parameter is not const. */
	redisReply *reply = redisCommandArgv(redis->context, (int)count,
		(const char **)(uintptr_t)words, NULL);

	if (!reply)
		return drop_connection(redis, redis->context->errstr);
	if (reply->type == REDIS_REPLY_ERROR)
		return drop_after_error_reply(redis, reply);
	if (out)
		*out = reply;
	else
		freeReplyObject(reply);
	return SF_OK;
}

static enum sf_err log_in(struct sf_redis *redis)
{
	const struct sf_redis_address *address = &redis->address;
	char database[12];
	const char *const auth[] = { "AUTH", address->password };
	const char *const select[] = { "SELECT", database };
	enum sf_err err = SF_OK;

	(void)snprintf(database, sizeof(database), "%d", address->database);
	if (*address->password)
		err = send_command(redis, 2, auth, NULL);
	if (!err && address->database != 0)
		err = send_command(redis, 2, select, NULL);
	return err;
}

static enum sf_err connect_redis(struct sf_redis *redis)
{
	struct timeval timeout = {
		.tv_sec = redis->timeout_ms / 1000,
		.tv_usec = redis->timeout_ms % 1000 * 1000,
	};
	int fd = open_socket(&redis->address, &timeout);

	if (fd < 0)
		return drop_connection(redis, strerror(-fd));
	redis->context = redisConnectFd(fd);
	if (!redis->context)
		sf_die("out of memory");
	/* TCP keep-alive notices that the machine of Redis has vanished. */
	if (redis->address.socket.ss_family != AF_UNIX)
		(void)redisEnableKeepAlive(redis->context);
	if (redisSetTimeout(redis->context, timeout) != REDIS_OK)
		return drop_connection(redis, redis->context->errstr);
	return log_in(redis);
}

enum sf_err sf_redis_call(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out)
{
	enum sf_err err = redis->context ? SF_OK : connect_redis(redis);

	if (!err)
		err = send_command(redis, count, words, out);
	if (!err)
		redis->down = false;
	return err;
}
