/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two programs of the bare pair share: one 32-bit counter in a file
 * of the runtime directory, on which one sleeps and which the other raises.
 */
#ifndef BENCH_BARE_PAIR_H
#define BENCH_BARE_PAIR_H

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAIR_ANSWER                                                            \
	"Status: 200 Ok\r\n"                                                   \
	"Content-Type: application/json; charset=utf-8\r\n"                    \
	"Cache-Control: no-store\r\n"                                          \
	"\r\n"                                                                 \
	"{\"results\":{\"code\":200,\"msg\":\"Ok\"}}"

/* The counter, the same memory in every process. */
static inline _Atomic uint32_t *pair_counter(void)
{
	char path[PATH_MAX];
	const char *dir = getenv("SFCHAT_RUNTIME_DIR");
	void *page;
	int fd;

	snprintf(path, sizeof path, "%s/bare-pair", dir ? dir : "/dev/shm");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || ftruncate(fd, sizeof(uint32_t)) == -1)
		_exit(1);
	page = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);
	if (page == MAP_FAILED)
		_exit(1);
	return page;
}

static inline void pair_answer(void)
{
	const ssize_t length = sizeof PAIR_ANSWER - 1;

	_exit(write(STDOUT_FILENO, PAIR_ANSWER, (size_t)length) != length);
}

#endif
