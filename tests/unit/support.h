/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the C tests: a private folder for the files of a test program, and
 * work done by several processes at once. Knows nothing of chats.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "base/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <sys/types.h>

#include <cmocka.h>

/*
 * The bound of every wait: a test that waits longer hangs, and fails. A test
 * proves how a wait ends, and never that the wait was short.
 */
#define SUPPORT_PATIENCE_SECONDS 120

/*
 * Fixtures of a group or a test: they make and remove a fresh runtime
 * directory, which SFCHAT_RUNTIME_DIR names. Every other SFCHAT_ variable stays
 * what the caller of the test has set.
 */
int support_make_sandbox(void **state);
int support_remove_sandbox(void **state);

#define in_sandbox(test)                                                       \
	cmocka_unit_test_setup_teardown(                                       \
		test, support_make_sandbox, support_remove_sandbox)

/* Returns the settings of the environment, which must be valid. */
struct sf_config support_config(void);

/* Empties and removes a folder. */
void support_remove_tree(const char *path);

/* Returns zeroed memory that forked processes share with the test. */
void *support_share(size_t size);
void support_unshare(void *memory, size_t size);

/* A gate at which processes wait until all have arrived. */
struct support_gate {
	_Atomic int missing;
};

void support_gate_pass(struct support_gate *gate);

/*
 * Starts a process that runs `work` and exits with what `work` returns. That
 * process must not use cmocka: after a failed assertion it would go on with the
 * next test.
 */
pid_t support_start(
	int (*work)(void *data, int number), void *data, int number);

/* Waits for the process. Returns what `work` returned, or 128 + the signal. */
int support_finish(pid_t pid);

/* Sends SIGSTOP to a child process, and waits until it has stopped. */
void support_pause(pid_t pid);

/* The output of a process, and its end as support_finish() returns it. */
struct support_output {
	int status;
	char out[4096];
	char err[4096];
};

/*
 * Runs `work` in a process of its own that finds `size` bytes of `input` at its
 * standard input.
 */
void support_capture(int (*work)(void *data, int number), void *data,
	const char *input, size_t size, struct support_output *output);

/*
 * Directs the log to a file. Returns the former standard error, with which
 * support_end_log() ends this; it copies the log to `out`.
 */
int support_begin_log(void);
void support_end_log(int before, char *out, size_t size);

/*
 * Runs `work` in `count` processes at once, and stores in `results` what each
 * of them returns.
 */
void support_race(int (*work)(void *data, int number), void *data, int count,
	int *results);

/* Returns a port of 127.0.0.1 that is free at this moment. */
int support_find_port(void);

/* Returns how many of the `count` results are `value`. */
int support_count(const int *results, int count, int value);

#endif
