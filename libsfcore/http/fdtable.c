/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unshare(CLONE_FILES) copies the descriptor table at the size it needs, but
 * only if the table is shared. So start a thread that shares it, unshare, and
 * end the thread.
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

static long table_size(void)
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

static void *share(void *gate)
{
	(void)pthread_mutex_lock(gate);
	(void)pthread_mutex_unlock(gate);
	return NULL;
}

static void leave_shared_table(const pthread_attr_t *attributes)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t sharer;

	(void)pthread_mutex_lock(&gate);
	if (pthread_create(&sharer, attributes, share, &gate) != 0)
		return;
	(void)unshare(CLONE_FILES);
	(void)pthread_mutex_unlock(&gate);
	(void)pthread_join(sharer, NULL);
}

/*
 * Gives the thread a stack of its own mapping, because the C library would keep
 * the stack that it allocates.
 */
void sf_fdtable_shrink(void)
{
	size_t size = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attributes;
	void *stack;

	if (table_size() < SIZE_WORTH_IT || pthread_attr_init(&attributes) != 0)
		return;
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack != MAP_FAILED) {
		if (pthread_attr_setstack(&attributes, stack, size) == 0)
			leave_shared_table(&attributes);
		(void)munmap(stack, size);
	}
	(void)pthread_attr_destroy(&attributes);
}
