/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getent(1) of the C library looks the name up. A statically linked program
 * cannot do so itself, because the C library loads parts of its resolver at run
 * time. Besides, the resolver waits for a silent name server as long as
 * /etc/resolv.conf says, but a process of its own can be ended.
 */
#include "base/redis_lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define GETENT "/usr/bin/getent"
/* The addresses beyond this are not used. */
#define OUTPUT_MAX 2048

static void set_up_streams(posix_spawn_file_actions_t *actions, int output)
{
	(void)posix_spawn_file_actions_init(actions);
	(void)posix_spawn_file_actions_addopen(
		actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	(void)posix_spawn_file_actions_addopen(
		actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
}

/* Returns the process, or -1. */
static pid_t start_getent(const char *name, int output)
{
	/* posix_spawn(3) does not change the words. */
	char *const words[] = { (char *)(uintptr_t) "getent",
		(char *)(uintptr_t) "ahosts", (char *)(uintptr_t)name, NULL };
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	set_up_streams(&actions, output);
	error = posix_spawn(&pid, GETENT, &actions, NULL, words, environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error ? -1 : pid;
}

/* Reads the whole output as text. Returns false if the time is over. */
static bool read_output(int fd, int64_t end_ms, char out[OUTPUT_MAX])
{
	size_t length = 0;

	for (;;) {
		int64_t left_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t got;

		out[length] = '\0';
		if (length == OUTPUT_MAX - 1)
			return true;
		if (left_ms <= 0)
			return false;
		if (poll(&ready, 1, (int)left_ms) <= 0)
			continue;
		got = read(fd, out + length, OUTPUT_MAX - 1 - length);
		if (got <= 0)
			return got == 0;
		length += (size_t)got;
	}
}

static bool parse_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;

	*out = (struct sockaddr_storage){ .ss_family = AF_INET };
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		return true;
	out->ss_family = AF_INET6;
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

/* Each line is an address, a type of socket and perhaps a name. */
static size_t parse_output(
	char *output, struct sockaddr_storage out[SF_REDIS_LOOKUP_MAX])
{
	size_t count = 0;
	char *line;

	while (count < SF_REDIS_LOOKUP_MAX &&
		(line = strsep(&output, "\n")) != NULL) {
		const char *address = strsep(&line, " ");

		if (line && strstr(line, "STREAM") &&
			parse_address(address, &out[count]))
			count++;
	}
	return count;
}

enum sf_err sf_redis_lookup(const char *name, int64_t end_ms,
	struct sockaddr_storage out[SF_REDIS_LOOKUP_MAX], size_t *count)
{
	char output[OUTPUT_MAX];
	bool complete = false;
	int ends[2];
	pid_t pid;

	*count = 0;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return SF_ERR_UNAVAILABLE;
	pid = start_getent(name, ends[1]);
	(void)close(ends[1]);
	if (pid > 0) {
		complete = read_output(ends[0], end_ms, output);
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(ends[0]);
	if (!complete)
		return SF_ERR_UNAVAILABLE;
	*count = parse_output(output, out);
	return *count > 0 ? SF_OK : SF_ERR_NOT_FOUND;
}
