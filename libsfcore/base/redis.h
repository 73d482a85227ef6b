/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection to Redis. The first command connects; after a lost connection,
 * the next command connects again. This file knows hiredis and how to log in,
 * and does not know what the commands mean.
 */
#ifndef SF_REDIS_H
#define SF_REDIS_H

#include "base/redis_stream.h"

#include <stddef.h>

#include <hiredis/hiredis.h>

struct sf_redis {
	struct sf_redis_address address;
	int timeout_ms; /* of connecting with its login, and of each command */
	struct sf_redis_stream stream;
	redisReader *reader; /* NULL: not connected */
	bool down;           /* the last call failed, and the log says so */
};

/* Fills `out`. The first command connects. */
void sf_redis_init(struct sf_redis *out, const struct sf_redis_address *address,
	int timeout_ms);

/* Closes the connection, if there is one. */
void sf_redis_release(struct sf_redis *redis);

/*
 * Sends one command and waits for its reply, which the caller frees with
 * freeReplyObject(). With NULL as `out`, this function frees the reply.
 * SF_ERR_UNAVAILABLE: Redis cannot be reached, is too slow, or refuses the
 * command. Redis may have carried out the command all the same. The log says
 * why, once until Redis works again.
 */
enum sf_err sf_redis_call(struct sf_redis *redis, size_t count,
	const char *const words[], redisReply **out) SF_MUST_CHECK;

/*
 * Waits for a reply that no command asks for: a message after SUBSCRIBE. The
 * caller frees `out` with freeReplyObject(). SF_ERR_NOT_FOUND: none has come in
 * this time, which may be 0. SF_ERR_UNAVAILABLE: there is no connection, or it
 * is lost; the log says nothing.
 */
enum sf_err sf_redis_receive(
	struct sf_redis *redis, int timeout_ms, redisReply **out) SF_MUST_CHECK;

#endif
