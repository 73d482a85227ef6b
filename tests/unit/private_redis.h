/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real Redis server for one test program, on a Unix socket in its runtime
 * directory, where it keeps what it is told and so survives being killed.
 */
#ifndef PRIVATE_REDIS_H
#define PRIVATE_REDIS_H

#include "support.h"

#include "base/redis.h"

/*
 * Group fixtures: those of support.h, a server, and SFCHAT_REDIS that says
 * where it is.
 */
int private_redis_make_sandbox(void **state);
int private_redis_remove_sandbox(void **state);

/* kill -9, and a new start with the same data. */
void private_redis_kill(void);
void private_redis_start(void);

/* Stops it without ending it, and lets it go on: it answers nothing. */
void private_redis_pause(void);
void private_redis_resume(void);

/* Runs one command, given as words; the caller frees the reply. */
#define private_redis_run(...)                                                 \
	private_redis_run_words((const char *const[]){ __VA_ARGS__, NULL })

redisReply *private_redis_run_words(const char *const words[]);

#endif
