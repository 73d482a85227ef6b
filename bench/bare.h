/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The code that the bare programs share. A bare program does the least that a
 * CGI program can do; the benchmark compares the cost of the real programs with
 * the cost of the bare ones.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A whole reply, as one string literal. */
#define BARE_REPLY(code, phrase)                                               \
	"Status: " code " " phrase "\r\n"                                      \
	"Content-Type: application/json; charset=utf-8\r\n"                    \
	"Cache-Control: no-store\r\n"                                          \
	"\r\n"                                                                 \
	"{\"results\":{\"code\":" code ",\"msg\":\"" phrase "\"}}"

/* Ends the program. */
_Noreturn static inline void bare_answer(const char *reply)
{
	ssize_t length = (ssize_t)strlen(reply);

	_exit(write(STDOUT_FILENO, reply, (size_t)length) != length);
}

/* scripts/run waits until every program refuses this method. */
static inline void bare_refuse_options(void)
{
	const char *method = getenv("REQUEST_METHOD");

	if (method && strcmp(method, "OPTIONS") == 0)
		bare_answer(BARE_REPLY("501", "Not Implemented"));
}

/* Returns a counter in memory that all bare programs share. */
static inline _Atomic uint32_t *bare_counter(void)
{
	char path[PATH_MAX];
	const char *dir = getenv("SFCHAT_RUNTIME_DIR");
	void *page;
	int fd;

	snprintf(path, sizeof(path), "%s/bare", dir ? dir : "/dev/shm");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || ftruncate(fd, sizeof(uint32_t)) == -1)
		_exit(1);
	page = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);
	if (page == MAP_FAILED)
		_exit(1);
	return page;
}

#endif
