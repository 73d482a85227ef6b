/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This file connects the socket itself, because hiredis would call the
 * resolver. A literal address needs no resolver, which would be linked into
 * every program and be slow. An error reply of Redis may quote the command, so
 * only the first word of the reply is logged.
 */
#include "base/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
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
 * A statically linked program replaces the resolver that hiredis calls by these
 * two functions (store/lmdb/store.mk), because no host name is ever looked up.
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

static enum sf_err lose(struct sf_redis *redis, const char *why)
{
	if (!redis->down)
		sf_log(SF_LOG_ERROR, "Redis cannot be used: %s", why);
	redis->down = true;
	sf_redis_release(redis);
	return SF_ERR_UNAVAILABLE;
}

static enum sf_err lose_by_reply(struct sf_redis *redis, redisReply *reply)
{
	char why[64];

	(void)snprintf(why, sizeof(why), "it answers %.*s",
		(int)strcspn(reply->str, " "), reply->str);
	freeReplyObject(reply);
	return lose(redis, why);
}

/* Returns 0, or the errno that says why no connection was made in time. */
static int wait_for_connection(int fd, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;
	int count = poll(&ready, 1, timeout_ms);

	if (count == 0)
		return ETIMEDOUT;
	if (count < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return errno;
	return error;
}

static int connect_socket(
	int fd, const struct sf_redis_address *address, int timeout_ms)
{
	int error = 0;

	if (connect(fd, (const struct sockaddr *)&address->socket,
		    address->socket_size) != 0)
		error = errno;
	if (error == EINPROGRESS)
		error = wait_for_connection(fd, timeout_ms);
	/* From now on hiredis blocks, up to its own timeout. */
	if (!error && fcntl(fd, F_SETFL, 0) != 0)
		error = errno;
	return error;
}

/* Returns the connected socket, or -errno. */
static int open_socket(const struct sf_redis_address *address, int timeout_ms)
{
	int fd = socket(address->socket.ss_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = connect_socket(fd, address, timeout_ms);
	if (!error)
		return fd;
	(void)close(fd);
	return -error;
}

static enum sf_err ask(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out)
{
	/* hiredis does not change the words, but its parameter is not const. */
	*out = redisCommandArgv(redis->context, (int)count,
		(const char **)(uintptr_t)words, NULL);
	if (!*out)
		return lose(redis, redis->context->errstr);
	if ((*out)->type == REDIS_REPLY_ERROR)
		return lose_by_reply(redis, *out);
	return SF_OK;
}

static enum sf_err enter(struct sf_redis *redis)
{
	const struct sf_redis_address *address = &redis->address;
	char database[12];
	const char *const auth[] = { "AUTH", address->password };
	const char *const select[] = { "SELECT", database };
	redisReply *reply;
	enum sf_err err;

	if (*address->password) {
		err = ask(redis, 2, auth, &reply);
		if (err)
			return err;
		freeReplyObject(reply);
	}
	if (address->database == 0)
		return SF_OK;
	(void)snprintf(database, sizeof(database), "%d", address->database);
	err = ask(redis, 2, select, &reply);
	if (!err)
		freeReplyObject(reply);
	return err;
}

static enum sf_err connect_redis(struct sf_redis *redis)
{
	struct timeval timeout = {
		.tv_sec = redis->timeout_ms / 1000,
		.tv_usec = redis->timeout_ms % 1000 * 1000,
	};
	int fd = open_socket(&redis->address, redis->timeout_ms);

	if (fd < 0)
		return lose(redis, strerror(-fd));
	redis->context = redisConnectFd(fd);
	if (!redis->context)
		sf_die("out of memory");
	/* TCP keep-alive notices a machine that vanished without closing. */
	if (redis->address.socket.ss_family != AF_UNIX)
		(void)redisEnableKeepAlive(redis->context);
	if (redisSetTimeout(redis->context, timeout) != REDIS_OK)
		return lose(redis, redis->context->errstr);
	return enter(redis);
}

enum sf_err sf_redis_call(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out)
{
	enum sf_err err = redis->context ? SF_OK : connect_redis(redis);

	if (!err)
		err = ask(redis, count, words, out);
	if (!err)
		redis->down = false;
	return err;
}
