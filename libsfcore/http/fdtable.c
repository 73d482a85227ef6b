/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unshare(CLONE_FILES) copies the descriptor table at the size that the open
 * descriptors need, but only if the table is shared. So sf_fdtable_shrink()
 * starts a thread, which shares the table, then calls unshare(2) and ends the
 * thread.
 */
#include "http/fdtable.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

/* A smaller table is not worth the work: an entry takes 8 bytes. */
#define SIZE_WORTH_IT 1024

static long read_table_size(void)
{
	static const char field[] = "\nFDSize:";
	char status[2048];
	const char *found;
	ssize_t got;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	got = read(fd, status, sizeof(status) - 1);
	(void)close(fd);
	status[got > 0 ? got : 0] = '\0';
	found = strstr(status, field);
	return found ? strtol(found + sizeof(field) - 1, NULL, 10) : 0;
}

static void *wait_for_unlock(void *mutex)
{
	(void)pthread_mutex_lock(mutex);
	(void)pthread_mutex_unlock(mutex);
	return NULL;
}

static void leave_shared_table(const pthread_attr_t *attributes)
{
	pthread_mutex_t unsharing = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;

	(void)pthread_mutex_lock(&unsharing);
	if (pthread_create(&thread, attributes, wait_for_unlock, &unsharing) !=
		0)
		return;
	(void)unshare(CLONE_FILES);
	(void)pthread_mutex_unlock(&unsharing);
	(void)pthread_join(thread, NULL);
}

void sf_fdtable_shrink(void)
{
	size_t size = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attributes;
	void *stack;

	if (read_table_size() < SIZE_WORTH_IT ||
		pthread_attr_init(&attributes) != 0)
		return;
	/*
	 * Map a stack for the thread here: the C library would keep a stack
	 * that it had allocated itself.
	 */
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack != MAP_FAILED) {
		if (pthread_attr_setstack(&attributes, stack, size) == 0)
			leave_shared_table(&attributes);
		(void)munmap(stack, size);
	}
	(void)pthread_attr_destroy(&attributes);
}
