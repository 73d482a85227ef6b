/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real Redis server for one test program, on a Unix socket in the runtime
 * directory. The server saves its data there, so it survives a kill.
 */
#ifndef PRIVATE_REDIS_H
#define PRIVATE_REDIS_H

#include "support.h"

#include "base/redis.h"

/*
 * Group fixtures: those of support.h, a server, and its address in
 * SFCHAT_REDIS.
 */
int private_redis_make_sandbox(void **state);
int private_redis_remove_sandbox(void **state);

/* Kills the server with SIGKILL, and starts it again with the same data. */
void private_redis_kill(void);
void private_redis_start(void);

/* Pauses the server, which then answers nothing, and resumes the server. */
void private_redis_pause(void);
void private_redis_resume(void);

/*
 * Lets the server also listen on a free port of 127.0.0.1, until it is killed.
 * Returns the port. With TLS, the server has the key and the certificate of
 * that PEM file; NULL: without TLS.
 */
int private_redis_listen(const char *certificate);

/* Tests that a command and a reply may be large, over TLS or not. */
void private_redis_check_large(struct sf_redis *redis);

/*
 * Tests that `ear` receives what `mouth` publishes, until the connection is
 * lost. Starts the server again.
 */
void private_redis_check_messages(struct sf_redis *ear, struct sf_redis *mouth);

/* Runs one command, given as words; the caller frees the reply. */
#define private_redis_run(...)                                                 \
	private_redis_run_words((const char *const[]){ __VA_ARGS__, NULL })

redisReply *private_redis_run_words(const char *const words[]);

#endif
