/* SPDX-License-Identifier: BSD-3-Clause */
/* The way out of a state that cannot be, and of running out of memory. */
#ifndef SF_DIE_H
#define SF_DIE_H

/* Registers a hook that sf_die() calls, so that a request is still answered. */
void sf_die_set_hook(void (*hook)(void));

/* Logs the formatted text, runs the hook and ends the process with status 1. */
_Noreturn void sf_die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
